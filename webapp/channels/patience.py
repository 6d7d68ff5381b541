"""What a worker does when a channel wants to be left alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.channels.connection import MustWait
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun


@contextmanager
def patiently(run: OperationRun) -> Iterator[None]:
    """Put the operation off when the channel wants a pause, without counting the attempt."""
    try:
        yield
    except MustWait as wait:
        with unit_of_work() as session:
            run.postpone(session, wait.seconds, wait.message)
