"""People and workers at the same moment: jobs in threads of their own that begin together, each with its outcome."""

import os
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event, text

from tests.servers import wait_until
from webapp.core.db import db

# Rounds of each race; KONTOR_RACE_N=200 for the long form, KONTOR_RACE_SEED to repeat one.
ROUNDS = int(os.environ.get("KONTOR_RACE_N", "40"))
SEED = int(os.environ.get("KONTOR_RACE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)

_LOCK = re.compile(r"\sFOR (?:NO KEY )?UPDATE(?: OF \w+)?(?:\s+SKIP LOCKED)?")
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def race(app: Flask, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the jobs at one barrier; each one's value, or the exception it ended with, in the order of the jobs."""
    begin = threading.Barrier(len(jobs))
    outcomes: list[Any] = [None] * len(jobs)

    def run(at: int) -> None:
        with app.app_context():
            begin.wait(30)
            try:
                outcomes[at] = jobs[at]()
            except Exception as refused:
                outcomes[at] = refused
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@contextmanager
def without_row_locks(after: str, people: int = 2) -> Iterator[None]:
    """A negative control: no statement locks rows, and nobody goes on before all have read what `after` names.

    `after` is a part of the statement that reads what is then decided upon; each thread waits behind its first one.
    """
    all_have_read, waited = threading.Barrier(people), set[int]()

    def meet(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        me = threading.get_ident()
        if after in statement and me not in waited:
            waited.add(me)
            all_have_read.wait(30)

    event.listen(db.engine, "after_cursor_execute", meet)
    try:
        with nothing_locks():
            yield
    finally:
        event.remove(db.engine, "after_cursor_execute", meet)


@contextmanager
def nothing_locks() -> Iterator[None]:
    """No statement locks rows by reading them. What an INSERT or UPDATE has touched is locked all the same."""

    def unlocked(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        return _LOCK.sub("", statement), parameters

    event.listen(db.engine, "before_cursor_execute", unlocked, retval=True)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", unlocked)


def overtake(app: Flask, slow: Callable[[], Any], fast: Callable[[], Any], after: str) -> list[Any]:
    """Let `fast` come between: it begins when `slow` has run its first statement with `after` in it.

    `slow` goes on once `fast` has ended, or waits for a lock that `slow` holds. Gives both outcomes as `race` does.
    """
    has_read, may_go_on, begun_by = threading.Event(), threading.Event(), list[int]()

    def pause(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if after in statement and threading.get_ident() in begun_by and not has_read.is_set():
            has_read.set()
            # Each look in a transaction of its own: within one, what the others do stands still.
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watching:
                wait_until(
                    lambda: may_go_on.is_set() or watching.execute(_WAITING).scalar(),
                    what="the other one to end, or to wait for a lock",
                    every_s=0.01,
                )

    def first() -> Any:
        begun_by.append(threading.get_ident())
        try:
            return slow()
        finally:
            has_read_at_all = has_read.is_set()
            has_read.set()
            assert has_read_at_all, f"no statement with {after}"

    def second() -> Any:
        has_read.wait(30)
        try:
            return fast()
        finally:
            db.session.rollback()
            may_go_on.set()

    event.listen(db.engine, "after_cursor_execute", pause)
    try:
        return race(app, [first, second])
    finally:
        event.remove(db.engine, "after_cursor_execute", pause)
