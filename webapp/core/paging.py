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
class Stretch:
    """Rows of the page, and whether others lie behind and before them."""

    rows: Sequence[Any]
    has_more: bool
    has_earlier: bool


@dataclass(frozen=True)
class Found(Stretch):
    """A page of a collection that is counted; `count` is at least MOST_COUNTED + 1 where it is an estimate."""

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
    """The page of this statement's rows, and how many there are: three statements at most."""
    page = walk(session, statement, ordering, asked)
    count, is_estimate = counted(session, statement)
    return Found(page.rows, page.has_more, page.has_earlier, count, is_estimate)


def walk(session: Session, statement: Select[*tuple[Any, ...]], ordering: Ordering, asked: Asked) -> Stretch:
    """The page of this statement's rows, uncounted: one statement."""
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
    if asked.is_before:
        return Stretch(shown[::-1], came_from, goes_on)
    return Stretch(shown, goes_on, came_from)


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
