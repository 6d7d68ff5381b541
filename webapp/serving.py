"""What gunicorn asks of us: a folder in which web processes share their counts, word when one has ended, a warning."""

import hashlib
import logging
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from webapp.core.heap import settle_heap
from webapp.core.settings import Settings

log = logging.getLogger(__name__)

METRICS_FOLDER = (
    "PROMETHEUS_MULTIPROC_DIR"  # The name is prometheus_client's; it reads the variable when it is imported.
)
MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's folder in memory; what is made there is closed to others


def web_environment(settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the web processes, with an emptied folder for their counts, one for each port."""
    return {**env, METRICS_FOLDER: str(_counts_folder(settings))}


def _counts_folder(settings: Settings) -> Path:
    """In memory, where there is such a folder: the counts lie in mapped files, and the system kills (SIGBUS) whoever
    writes into one for which a full disk has no room."""
    if settings.metrics_folder is not None:
        return _emptied(settings.metrics_folder)
    at_home = settings.home.resolve() / "run" / f"metrics-{settings.port}"
    if MEMORY.is_dir():
        # Whoever else has made a folder of that name keeps it.
        with suppress(OSError):
            return _emptied(MEMORY / f"kontor-{hashlib.sha256(bytes(at_home)).hexdigest()[:12]}")
    return _emptied(at_home)


def _emptied(folder: Path) -> Path:
    """The folder made anew: counts of the last run belong to processes that are gone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def on_exit(_server: Any) -> None:
    """gunicorn's hook: nobody counts any more."""
    if METRICS_FOLDER in os.environ:
        shutil.rmtree(os.environ[METRICS_FOLDER], ignore_errors=True)


def when_ready(_server: Any) -> None:
    """gunicorn's hook: say once, in the log, when the session cookie travels unencrypted."""
    from webapp.ui.security import is_plain_http

    settings = Settings.from_env(os.environ)
    if is_plain_http(settings):
        log.warning("Serving plain http on %s: the session cookie is not marked Secure.", settings.host)


def post_worker_init(_worker: Any) -> None:
    """gunicorn's hook: the collector leaves alone what lives as long as the process, and does not look amid each page."""
    settle_heap()


def child_exit(_server: Any, worker: Any) -> None:
    """gunicorn's hook: what the ended process held (connections) no longer counts; what it did still does."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
