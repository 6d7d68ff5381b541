"""The long-running processes, one command each: `kontor web`, `worker`, `sweeper`, `scheduler`.

`kontor up` starts them all; on several machines start as many of each as are needed, wherever they are.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable

import click
from flask import current_app
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from webapp.commands.context import current_settings, with_app
from webapp.core.db import db
from webapp.core.home import environment
from webapp.core.operations import Queue
from webapp.core.settings import Settings
from webapp.serving import web_environment

log = logging.getLogger(__name__)

REQUEST_TIMEOUT_S = 60  # A request that takes longer is a bug; its worker process is replaced.
GRACEFUL_STOP_S = 20  # Requests in flight may end after SIGTERM.


@click.command()
@click.option(
    "--processes", default=2, show_default=True, help="Processes that answer requests: one per core."
)
@click.option("--threads", default=4, show_default=True, help="Requests that each of them answers at once.")
def web(processes: int, threads: int) -> None:
    """Serve the pages and the API on HOST:PORT with gunicorn."""
    settings = current_settings()
    if not settings.secret_key:
        raise click.ClickException(
            "SECRET_KEY is not set: write at least 32 random characters, the same everywhere."
        )
    arguments = [
        *(sys.executable, "-m", "gunicorn", "webapp.app:create_app()"),
        *("--bind", f"{settings.host}:{settings.port}"),
        *("--worker-class", "gthread", "--workers", str(processes), "--threads", str(threads)),
        *("--timeout", str(REQUEST_TIMEOUT_S), "--graceful-timeout", str(GRACEFUL_STOP_S)),
        # Imported once, then forked: starts faster and shares memory. The app opens no connection while it is made.
        "--preload",
        "--no-control-socket",
        *("--log-level", "warning"),
        *("--config", "python:webapp.serving"),
    ]
    env = web_environment(settings, environment(os.environ))
    os.execve(sys.executable, arguments, env)  # noqa: S606 - becomes gunicorn; no shell


@click.command()
@click.argument("queue", type=click.Choice([queue.value for queue in Queue]))
@with_app
def worker(queue: str) -> None:
    """Work on one QUEUE until told to stop."""
    from webapp.core.worker import listen

    listen(Queue(queue))


@click.command()
@with_app
def sweeper() -> None:
    """Find due work that nobody was told of, every KONTOR_SWEEP_S seconds. Any number may run."""
    from webapp.core.periodic import sweep

    repeat(sweep, every_s=_settings().timing.sweep_s)


@click.command()
@with_app
def scheduler() -> None:
    """Begin what happens by the clock, looked at every KONTOR_TICK_S seconds. Any number may run."""
    from webapp.core.periodic import tick
    from webapp.jobs import slot_sources

    repeat(lambda: tick(slot_sources()), every_s=_settings().timing.tick_s)


def repeat(action: Callable[[], object], *, every_s: float) -> None:
    """Do it again and again until SIGTERM or Ctrl-C; a database or Redis that is away is waited for."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.is_set():
        try:
            action()
        except (SQLAlchemyError, RedisError) as error:
            log.warning("Not now (%s); trying again in %g s.", type(error).__name__, every_s)
        finally:
            db.session.remove()
        stopping.wait(every_s)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["kontor_settings"]
    return settings
