"""What a worker does when a channel wants to be left alone, or staff want it left alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from sqlalchemy import select

from webapp.channels.connection import MustWait
from webapp.channels.models import Channel
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun
from webapp.core.text import N_

SWITCHED_OFF = N_("The channel is switched off.")


@contextmanager
def patiently(run: OperationRun) -> Iterator[None]:
    """Put the operation off when the channel wants a pause, without counting the attempt."""
    try:
        yield
    except MustWait as wait:
        with unit_of_work() as session:
            run.postpone(session, wait.seconds, wait.message)


def while_switched_on(work: Callable[[OperationRun], None]) -> Callable[[OperationRun], None]:
    """End work at once whose channel staff have switched off since it was asked for: the shop is not called."""

    @wraps(work)
    def handler(run: OperationRun) -> None:
        with unit_of_work() as session:
            query = select(Channel.is_active).where(Channel.id == run.channel_id)
            if session.scalar(query) is False:
                return run.fence(session, note=SWITCHED_OFF)
        return work(run)

    return handler
