"""worker.py, the sweeper and the scheduler as processes: how they start, wait out an outage, and stop."""

import json
import zlib

import psycopg
import pytest
import redis
from rq import Queue as RqQueue
from rq import Worker
from rq.serializers import JSONSerializer

from tests.servers import Processes, Running, Services, wait_until
from webapp.core.hints import DRAIN
from webapp.core.settings import Timing

FAST = Timing(sweep_s=0.1, tick_s=0.1)


def test_worker_when_started_then_it_listens_on_one_queue_and_takes_a_hint(
    processes: Processes, redis_url: str
) -> None:
    worker = processes.worker("files")
    with redis.Redis.from_url(redis_url) as valkey:
        _wait_listening(valkey)

        _hint(valkey, "files")

        wait_until(lambda: _done(valkey) == 1, what="the hint to be taken")
        assert [known.queue_names() for known in _workers(valkey)] == [["files"]]
    assert worker.terminate() == 0


def test_hint_when_it_waits_in_redis_then_it_is_json_and_names_only_a_queue(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as valkey:
        job = _hint(valkey, "money")

        name, instance, args, kwargs = json.loads(_payload(valkey, job))
        assert (name, instance, args, kwargs) == (DRAIN, None, ["money"], {})


def test_worker_when_redis_was_away_then_it_works_on(
    processes: Processes, services: Services, redis_url: str
) -> None:
    worker = processes.worker("upkeep")
    with redis.Redis.from_url(redis_url) as valkey:
        _wait_listening(valkey)
        services.kill("valkey")
        services.start_valkey()

        _hint(valkey, "upkeep")

        wait_until(lambda: RqQueue("upkeep", connection=valkey).count == 0, what="the hint to be taken")
        assert worker.is_alive()
        wait_until(lambda: not worker.descendants(), what="the work horse to end")
        assert worker.terminate() == 0


@pytest.mark.parametrize("name", ["sweeper", "scheduler"])
def test_clock_when_the_database_was_away_then_it_goes_on(
    processes: Processes, services: Services, empty_database: None, name: str
) -> None:
    process = processes.command(name, timing=FAST)
    wait_until(lambda: _sessions(services, 1), what=f"the {name} to be at work")

    services.kill("postgres")
    wait_until(lambda: "Not now (OperationalError)" in process.output, what="the outage to be noticed")
    services.start_postgres()

    wait_until(lambda: _sessions(services, 1), what=f"the {name} to be at work again")
    assert process.is_alive()
    assert process.terminate() == 0


def test_worker_when_the_queue_is_unknown_then_it_says_which_there_are(processes: Processes) -> None:
    worker = processes.worker("everything")

    assert _end(worker) == 1
    assert worker.output == "Usage: python worker.py {channels|money|files|upkeep|webhooks}\n"


def test_web_when_there_is_no_secret_key_then_one_sentence_names_it(processes: Processes) -> None:
    web = processes.command("web", env={"SECRET_KEY": ""})

    assert _end(web) == 1
    assert web.output == (
        "Error: SECRET_KEY is not set: write at least 32 random characters, the same everywhere.\n"
    )


def _hint(valkey: redis.Redis, queue: str) -> str:
    job = RqQueue(queue, connection=valkey, serializer=JSONSerializer).enqueue(DRAIN, queue, result_ttl=0)
    return str(job.id)


def _payload(valkey: redis.Redis, job_id: str) -> bytes:
    """The payload as it lies in Redis; RQ compresses it."""
    return zlib.decompress(valkey.hget(f"rq:job:{job_id}", "data"))


def _workers(valkey: redis.Redis) -> list[Worker]:
    return Worker.all(connection=valkey, serializer=JSONSerializer)


def _wait_listening(valkey: redis.Redis) -> None:
    wait_until(lambda: [w.get_state() for w in _workers(valkey)] == ["idle"], what="the worker to listen")


def _done(valkey: redis.Redis) -> int:
    return sum(worker.successful_job_count for worker in _workers(valkey))


def _sessions(services: Services, at_least: int) -> bool:
    """Whether others than ourselves have signed in to the database since it started."""
    with psycopg.connect(services.postgres.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
        ).fetchone()
    return row is not None and row[0] >= at_least


def _end(process: Running) -> int:
    return process.process.wait(30)
