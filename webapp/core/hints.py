"""RQ's whole part: a hint "look at this queue". Losing, doubling or reordering hints changes only latency."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import redis
from flask import current_app
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer
from structlog.contextvars import bound_contextvars

from webapp.core.db import db, unit_of_work
from webapp.core.errors import DomainError
from webapp.core.operations import LeaseLost, OperationRun, Queue, claim
from webapp.core.room import NO_ROOM, is_out_of_room
from webapp.core.settings import Settings

log = logging.getLogger(__name__)

Handler = Callable[[OperationRun], None]
DRAIN = "webapp.core.hints.drain"


@dataclass
class Hints:
    """How this process reaches Redis, and which handler runs which kind of operation."""

    settings: Settings
    handlers: Mapping[str, Handler]
    connection: redis.Redis | None = None
    rq: dict[Queue, RqQueue] = field(default_factory=dict)

    def queue(self, queue: Queue) -> RqQueue | None:
        """RQ's queue of that name; None where no Redis is configured (tests of services)."""
        if self.settings.redis_url is None:
            return None
        if queue not in self.rq:
            if self.connection is None:
                # A hint must never hold up a page: Redis answers within a second or is left alone.
                self.connection = redis.Redis.from_url(
                    self.settings.redis_url, socket_timeout=1.0, socket_connect_timeout=0.5
                )
            self.rq[queue] = RqQueue(queue.value, connection=self.connection, serializer=JSONSerializer)
        return self.rq[queue]


def current_hints() -> Hints:
    """The composition root's `Hints` of the running app."""
    hints: Hints = current_app.extensions["kontor_hints"]
    return hints


def send_hint(queue: Queue) -> None:
    """Ask a worker of the queue to look for due operations; a Redis that is away is logged and forgotten."""
    rq_queue = current_hints().queue(queue)
    if rq_queue is None:
        return
    try:
        rq_queue.enqueue(DRAIN, queue.value, result_ttl=0, failure_ttl=3600, job_timeout=3600)
    except redis.RedisError as error:
        log.warning("No hint could be sent to %s (%s); the sweeper will.", queue.value, type(error).__name__)


def drain(queue_name: str) -> int:
    """The only RQ job: run due operations of the queue until none is due or the time slice is over; how many ran.

    What is left gets a new hint, so that one long backlog does not keep a worker from stopping.
    """
    queue = Queue(queue_name)
    until = time.monotonic() + current_hints().settings.timing.slice_s
    ran = 0
    run = _take(queue)
    while run is not None:
        succeeded = _run(run)
        ran += 1
        if time.monotonic() > until:
            _take(queue, after=run if succeeded else None, only_finish=True)
            send_hint(queue)
            break
        run = _take(queue, after=run if succeeded else None)
    return ran


def _take(
    queue: Queue, *, after: OperationRun | None = None, only_finish: bool = False
) -> OperationRun | None:
    """Finish the operation that has just run and claim the next one, in one transaction: one wait for the disk."""
    hints = current_hints()
    try:
        with unit_of_work() as session:
            if after is not None and not after.ended:
                after.finish(session)
            if only_finish:
                return None
            lease_s = hints.settings.timing.lease_s
            return claim(session, queue, lease_s=lease_s, kinds=hints.handlers)
    except LeaseLost:
        log.warning("An operation was taken over by another worker after its work was done.")
        return None if only_finish else _take(queue)


def _run(run: OperationRun) -> bool:
    """Run the handler; True when it returned. Every line that it logs names the operation."""
    with bound_contextvars(operation_id=str(run.id), operation_kind=run.kind):
        return _attempt(run)


def _attempt(run: OperationRun) -> bool:
    """Run the handler; True when it returned. What it raised is on the operation's row then."""
    hints = current_hints()
    try:
        hints.handlers[run.kind](run)
    except LeaseLost:
        log.warning("Operation %s (%s) was taken over by another worker.", run.id, run.kind)
    except DomainError as refusal:
        _fail(run, refusal.message, hints.settings, permanent=bool(getattr(refusal, "permanent", True)))
    except Exception as bug:
        log.exception("Operation %s (%s) failed.", run.id, run.kind)
        _fail(run, _words_of(bug, run), hints.settings, permanent=False)
    else:
        return True
    finally:
        db.session.remove()
    return False


def _words_of(bug: Exception, run: OperationRun) -> str:
    """What staff read on the operation; the words of a bug itself may name people."""
    if is_out_of_room(bug):
        return NO_ROOM
    return f"{type(bug).__name__}: see the log for operation {run.id}."


def _fail(run: OperationRun, error: str, settings: Settings, *, permanent: bool) -> None:
    db.session.rollback()
    try:
        with unit_of_work() as session:
            run.fail(session, error, backoff_s=settings.timing.backoff_s, permanent=permanent)
    except LeaseLost:
        log.warning("Operation %s (%s) failed after another worker had taken it over.", run.id, run.kind)
