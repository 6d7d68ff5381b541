"""One RQ worker on one queue: `python worker.py channels` (or money, files, upkeep, webhooks)."""

import os
import sys

from webapp.app import create_app
from webapp.core.home import environment
from webapp.core.operations import Queue
from webapp.core.settings import Settings, SettingsError
from webapp.core.worker import listen


def main(queue: str) -> None:
    """Settings, app context, work."""
    with create_app(Settings.from_env(environment(os.environ))).app_context():
        listen(Queue(queue))


if __name__ == "__main__":
    if sys.argv[1:] not in [[queue.value] for queue in Queue]:
        sys.exit(f"Usage: python worker.py {{{'|'.join(Queue)}}}")
    try:
        main(sys.argv[1])
    except SettingsError as error:
        sys.exit(str(error))
