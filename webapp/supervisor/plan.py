"""Which processes a running Kontor has, and in which order they stop."""

import sys
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

from webapp.core.operations import Queue
from webapp.core.programs import Program
from webapp.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


class Stage(IntEnum):
    """Higher stages need the lower ones: they start later and stop first."""

    SERVERS = 0
    SANDBOX = 1
    BACKGROUND = 2
    WEB = 3


def web(env: Mapping[str, str]) -> Program:
    """gunicorn; it lets requests in flight end."""
    return _kontor("web", ("web",), env, grace_s=25.0)


def background(settings: Settings, env: Mapping[str, str]) -> list[Program]:
    """One worker for each queue (KONTOR_WORKERS of them for `channels`, the busy one), sweeper, scheduler."""
    # A hint is worked on for one time slice, and its last operation for no longer than its lease.
    grace_s = settings.timing.slice_s + settings.timing.lease_s
    workers = []
    for queue in Queue:
        for number in range(1, 1 + (settings.workers if queue is Queue.CHANNELS else 1)):
            name = f"worker-{queue.value}" + (f"-{number}" if number > 1 else "")
            workers.append(_kontor(name, ("worker", queue.value), env, grace_s=grace_s))
    return [*workers, _kontor("sweeper", ("sweeper",), env), _kontor("scheduler", ("scheduler",), env)]


def prepare(env: Mapping[str, str]) -> Program:
    """Migrates and makes the first administrator; answers in JSON and ends."""
    return _kontor("prepare", ("prepare",), env)


def demo(shop_url: str, bank_url: str, carrier_url: str, env: Mapping[str, str]) -> Program:
    """Connects the sandbox and ends; doing it again changes nothing."""
    urls = ("--shop-url", shop_url, "--bank-url", bank_url, "--carrier-url", carrier_url)
    return _kontor("demo", ("demo", "load", *urls), env)


def _kontor(name: str, words: tuple[str, ...], env: Mapping[str, str], *, grace_s: float = 10.0) -> Program:
    return Program(name, (sys.executable, "-m", "webapp.cli", *words), env, ROOT, grace_s=grace_s)
