"""Pages of a collection for programs: by number as far as somebody may want to leaf, by place through everything.

The count is exact up to MOST_COUNTED; above it PostgreSQL's own estimate is told as one, because counting a million
rows for every page would cost more than the page.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ClauseElement, Executable, Select, func, literal, select, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

MOST_COUNTED: Final = 10_000
DEEPEST: Final = 10_000  # rows that a numbered page may lie behind; OFFSET reads them all


@dataclass(frozen=True)
class Asked:
    """One page: the `number`th, or (given a `place`: a row's sort values) the one behind that row, or before it."""

    size: int
    number: int = 1
    place: tuple[Any, ...] | None = None
    is_before: bool = False


@dataclass(frozen=True)
class Found:
    """Rows of the page and what is around it; `count` is at least MOST_COUNTED + 1 where it is an estimate."""

    rows: Sequence[Any]
    has_more: bool
    has_earlier: bool
    count: int
    count_is_estimate: bool


@dataclass(frozen=True)
class Ordering:
    """The columns that a collection is read by, the unique one last, all in one direction."""

    columns: tuple[Any, ...]
    descending: bool = True

    def turned(self) -> "Ordering":
        """The same, read from its end."""
        return Ordering(self.columns, not self.descending)

    def by(self) -> list[Any]:
        """For ORDER BY."""
        return [column.desc() if self.descending else column.asc() for column in self.columns]

    def beyond(self, place: tuple[Any, ...]) -> Any:
        """The rows behind the one with these values."""
        mine, there = tuple_(*self.columns), tuple_(*map(literal, place))
        return mine < there if self.descending else mine > there


def find(session: Session, statement: Select[*tuple[Any, ...]], ordering: Ordering, asked: Asked) -> Found:
    """The page of this statement's rows: three statements at most."""
    read = ordering.turned() if asked.is_before else ordering
    paged = statement.order_by(*read.by()).limit(asked.size + 1)
    if asked.place is not None:
        paged = paged.where(read.beyond(asked.place))
    else:
        paged = paged.offset((asked.number - 1) * asked.size)
    rows = session.execute(paged).all()
    shown, goes_on = rows[: asked.size], len(rows) > asked.size
    # The row that a page lies behind, or before, is on the other side of it.
    came_from = bool(shown) and (asked.place is not None or asked.number > 1)
    count, is_estimate = counted(session, statement)
    if asked.is_before:
        return Found(shown[::-1], came_from, goes_on, count, is_estimate)
    return Found(shown, goes_on, came_from, count, is_estimate)


def counted(session: Session, statement: Select[*tuple[Any, ...]]) -> tuple[int, bool]:
    """How many rows there are, and whether that is an estimate."""
    bare = statement.order_by(None).with_only_columns(literal(1), maintain_column_froms=True)
    exact = session.scalar(select(func.count()).select_from(bare.limit(MOST_COUNTED + 1).subquery())) or 0
    if exact <= MOST_COUNTED:
        return exact, False
    return max(_estimated(session, bare), MOST_COUNTED + 1), True


class _Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement


@compiles(_Explain)
def _explained(element: _Explain, compiler: Any, **words: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + str(compiler.process(element.statement, **words))


def _estimated(session: Session, statement: Select[*tuple[Any, ...]]) -> int:
    told = session.execute(_Explain(statement)).scalar_one()
    plan = json.loads(told) if isinstance(told, str) else told
    return int(plan[0]["Plan"]["Plan Rows"])
