"""The RQ worker: it listens on one queue and runs the hint it finds there, nothing else."""

import redis
from rq import Worker
from rq.serializers import JSONSerializer

from webapp.core.heap import settle_heap
from webapp.core.hints import current_hints
from webapp.core.operations import Queue
from webapp.core.settings import SettingsError

# Seconds. With RQ's defaults (420 and 600) the job of a killed worker waits up to a quarter of an hour.
WORKER_TTL_S = 60
MAINTENANCE_S = 30


class QueueWorker(Worker):
    """RQ's forking worker, on exactly one queue: on two, the job of a worker killed while taking it is lost."""

    max_connection_wait_time = (
        5.0  # Seconds between tries to reach a Redis that is away; RQ would go up to 60.
    )


def listen(queue: Queue) -> None:
    """Work until the first SIGTERM or Ctrl-C, then finish the job in hand. Needs the app's context."""
    url = current_hints().settings.redis_url
    if url is None:
        raise SettingsError("REDIS_URL is not set: set it, or start everything with `kontor up`.")
    worker = QueueWorker(
        [queue.value],
        connection=redis.Redis.from_url(url),
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
    )
    # Before it forks: what is loaded stays shared memory, too.
    settle_heap()
    worker.work(logging_level="WARNING")
