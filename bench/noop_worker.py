"""A worker of the queue `upkeep` whose one kind of operation does nothing: what remains is the price of an operation."""

import os

from sqlalchemy import text

from webapp.app import create_app
from webapp.core.db import unit_of_work
from webapp.core.hints import Hints
from webapp.core.operations import Queue
from webapp.core.settings import Settings
from webapp.core.worker import listen


def main() -> None:
    """Say that it is there by a row that is done, then listen."""
    settings = Settings.from_env(os.environ)
    app = create_app(settings)
    app.extensions["kontor_hints"] = Hints(settings=settings, handlers={"bench.noop": lambda run: None})
    with app.app_context():
        with unit_of_work() as session:
            session.execute(
                text(
                    "INSERT INTO operation (id, kind, queue, dedupe_key, state)"
                    " VALUES (gen_random_uuid(), 'bench.noop', 'upkeep', 'here', 'done')"
                )
            )
        listen(Queue.UPKEEP)


if __name__ == "__main__":
    main()
