"""Walks the database range by range and yields what is broken."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from webapp.core.money import EXPONENTS
from webapp.verification.checks import ORDER_CHECKS, WHOLE_CHECKS, Check

ORDERS_PER_RANGE = (
    50_000  # Smaller ranges read the customers' and addresses' tables too often, larger ones spill.
)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is broken: which check, which row (`order 34`), and what it says in words."""

    check: str
    subject: str
    words: str

    def as_row(self) -> dict[str, str]:
        """For lists and JSON."""
        return {"check": self.check, "subject": self.subject, "words": self.words}


def verify(
    connection: Connection, *, stuck_after_s: float, progress: Progress | None = None
) -> Iterator[Finding]:
    """Every finding, as it is found. One snapshot for the whole walk: a change made meanwhile cannot look like a break.

    `stuck_after_s`: how many seconds past its lease an operation counts as stuck.
    """
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    facts = {"exponents": json.dumps(EXPONENTS), "stuck_after_s": stuck_after_s}
    for check in WHOLE_CHECKS:
        yield from _run(connection, check, facts)
    last = connection.execute(text("SELECT coalesce(max(id), 0) FROM orders")).scalar_one()
    for low in range(0, last, ORDERS_PER_RANGE):
        if progress:
            progress(low, last)
        for check in ORDER_CHECKS:
            yield from _run(connection, check, {**facts, "low": low, "high": low + ORDERS_PER_RANGE})


def _run(connection: Connection, check: Check, facts: Mapping[str, Any]) -> Iterator[Finding]:
    bound = {name: facts[name] for name in check.parameters}
    streamed = connection.execution_options(yield_per=500).execute(text(check.sql), bound)
    for row in streamed:
        yield from _findings(check, row)


def _findings(check: Check, row: Row[Any]) -> Iterator[Finding]:
    facts = row._mapping
    for name in facts["broken"]:
        yield Finding(name, facts["subject"], check.words[name].format_map(facts))
