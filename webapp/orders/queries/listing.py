"""One page of the list of orders, in two ways.

Walking: read an index in the order of the list from the page's place on, one walk per value of the filter it leads
with, and stop when the page is full. Costs the same on any number of orders. What the index does not know is looked
at row by row, WINDOW rows at most. Gathering: let PostgreSQL combine what indexes it likes into everything that
matches, then sort. For filters that few orders match, and for when a walk has not filled its page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    func,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from webapp.customers.models import Address, Customer
from webapp.orders.models import Order, OrderAssignment, OrderSearch, OrderTag
from webapp.orders.queries import search
from webapp.orders.queries.criteria import OrderFilter, Place, Scope, Sort, SortKey
from webapp.orders.queries.narrowing import Narrowing, narrowings, placed_clauses

# Rows that one walk looks at: some 5 ms on two cores. A filter that leaves fewer than a page of them is gathered instead.
WINDOW: Final = 10_000
# Rows that lie together in time lie together on disk; in the order of amounts they are spread over all of it.
SCATTERED_WINDOW: Final = 4_000

ListRow = Row[*tuple[Any, ...]]
_Ids = Select[int, Any, bool]
_SORT_COLUMNS: Final[dict[SortKey, Any]] = {
    SortKey.PLACED: Order.date_placed,
    SortKey.AMOUNT: Order.amount,
    SortKey.MODIFIED: Order.modified_at,
}


@dataclass(frozen=True)
class OrderPage:
    """Rows of one page and the places of its neighbours; `total` where gathering has counted on the way."""

    rows: Sequence[ListRow]
    after: Place | None = None
    before: Place | None = None
    total: int | None = None


@dataclass(frozen=True, eq=False)
class _Wanted:
    """One page as it is asked for, with its words read and its conditions as SQL; equal only to itself."""

    conditions: list[Narrowing]
    bounds: list[ColumnElement[bool]]
    words: search.Words | None
    sort: Sort
    place: Place | None
    size: int

    @property
    def key(self) -> Any:
        return _SORT_COLUMNS[self.sort.key]

    @property
    def downward(self) -> bool:
        """Whether rows are read from high to low; a page before a place is read against the list's order."""
        return self.sort.descending != (self.place is not None and self.place.backward)

    @property
    def is_plain(self) -> bool:
        """Whether words alone, sorted by the placing time, decide: then the search table is enough."""
        return not self.conditions and not self.bounds and self.sort.key is SortKey.PLACED


@dataclass(frozen=True, slots=True)
class _Question:
    """What a walk's statement follows from: asked again, it need not be put together again."""

    wanted: OrderFilter
    scope: Scope
    sort: Sort
    place: Place | None
    size: int
    window: int


def page(
    session: Session,
    wanted: OrderFilter,
    scope: Scope,
    sort: Sort,
    place: Place | None,
    *,
    statistics: search.TrigramStatistics | None = None,
    size: int,
) -> OrderPage:
    """One page of what matches. Two statements at most; none when nothing can match.

    `statistics` are needed when there are words (`search.read_statistics`).
    """
    asked = _read(_Question(wanted, scope, sort, place, size, WINDOW))
    if asked is None:
        return OrderPage(())
    statistics = statistics or search.TrigramStatistics(0.0, {})
    if _is_walked(asked, statistics):
        rows = session.execute(_walking(asked)).all()
        if all(row.hit for row in rows):
            return _cut(rows, asked)
    lookup = () if asked.words is None else statistics.lookup(asked.words)
    once = asked.is_plain and statistics.are_of_few
    return _cut(session.execute(_gathering(asked, lookup, once=once)).all(), asked)


# The first pages of the views are asked for all day long; putting a statement together costs as much as running it.
@lru_cache(maxsize=256)
def _read(question: _Question) -> _Wanted | None:
    """The question as SQL; None when nothing can match."""
    conditions = narrowings(question.wanted, question.scope)
    words = search.read_words(question.wanted.words) if question.wanted.words else None
    if conditions is None or (words is not None and words.too_short):
        return None
    bounds = placed_clauses(question.wanted)
    return _Wanted(conditions, bounds, words, question.sort, question.place, question.size)


@lru_cache(maxsize=256)
def _walking(asked: _Wanted) -> Select[*tuple[Any, ...]]:
    return _shown(_walk(asked), asked)


@lru_cache(maxsize=256)
def _gathering(asked: _Wanted, lookup: search.Lookup, *, once: bool) -> Select[*tuple[Any, ...]]:
    return _shown(_gather(asked, lookup, once=once), asked)


def _is_walked(asked: _Wanted, statistics: search.TrigramStatistics) -> bool:
    if any(each.is_small for each in asked.conditions):
        return False
    return asked.words is None or statistics.prefers_walking(asked.words)


def _led_and_residual(asked: _Wanted) -> tuple[Narrowing | None, list[ColumnElement[bool]]]:
    """The condition whose index is walked, and all the others, which are looked at row by row."""
    led = None
    if asked.sort.key is SortKey.PLACED:
        led = next((each for each in asked.conditions if each.column is not None or each.is_partial), None)
    residual = [each.clause for each in asked.conditions if each is not led]
    if asked.sort.key is not SortKey.PLACED:
        residual += asked.bounds
    if asked.words is not None:
        residual.append(search.compares_order(asked.words))
    return led, residual


def _walk(asked: _Wanted) -> Subquery:
    """The ids of the page and one row more, by reading from its place on."""
    if asked.words is not None and asked.is_plain:
        return _walk_search(asked, asked.words).subquery("page")
    led, residual = _led_and_residual(asked)
    if led is not None and len(led.values) > 1:
        return _walk_each(asked, led, residual).subquery("page")
    return _branch(asked, [] if led is None else [led.clause], residual).subquery("page")


def _walk_each(asked: _Wanted, led: Narrowing, residual: list[ColumnElement[bool]]) -> _Ids:
    """One walk per value, merged: an index on (value, time) has no single order for several values."""
    kind = ARRAY(String if isinstance(led.values[0], str) else Integer)
    values = func.unnest(bindparam("values", list(led.values), kind, unique=True))
    listed = values.table_valued("value", name="listed").render_derived()
    branch = _branch(asked, [led.column == listed.c.value], residual, listed).lateral("branch")
    every = select(branch.c.id, branch.c.key, branch.c.hit).select_from(listed.join(branch, true()))
    return every.order_by(*_ordered(branch.c.key, branch.c.id, asked)).limit(asked.size + 1)


def _branch(
    asked: _Wanted,
    led: list[ColumnElement[bool]],
    residual: list[ColumnElement[bool]],
    beside: FromClause | None = None,
) -> _Ids:
    """One walk over the orders; `beside` is what an outer select joins it to."""
    where = [*led, *_beyond(asked, asked.key, Order.id)]
    if asked.sort.key is SortKey.PLACED:
        where += asked.bounds
    rows = select(Order.id, asked.key.label("key")).where(*where)
    if not residual:
        ordered = rows.add_columns(true().label("hit")).order_by(*_ordered(asked.key, Order.id, asked))
        return ordered.limit(asked.size + 1).correlate(beside)
    window = WINDOW if asked.sort.key is SortKey.PLACED else SCATTERED_WINDOW
    return _hits(rows.correlate(beside), asked, (asked.key, Order.id), and_(*residual), window)


def _walk_search(asked: _Wanted, words: search.Words) -> _Ids:
    key, order_id = OrderSearch.date_placed, OrderSearch.order_id
    rows = select(order_id.label("id"), key.label("key")).where(*_beyond(asked, key, order_id))
    return _hits(rows, asked, (key, order_id), search.compares(words), WINDOW)


def _hits(
    rows: Select[int, Any], asked: _Wanted, order: tuple[Any, Any], hit: ColumnElement[bool], window: int
) -> _Ids:
    """The first rows of the window that hit; its very last row too, hit or not, to tell that it ends there."""
    ordered = _ordered(*order, asked)
    nth = func.row_number().over(order_by=ordered)
    looked_at = rows.add_columns(hit.label("hit"), nth.label("nth")).order_by(*ordered).limit(window)
    seen = looked_at.subquery("looked_at")
    hits = select(seen.c.id, seen.c.key, seen.c.hit).where(or_(seen.c.hit, seen.c.nth == window))
    return hits.order_by(*_ordered(seen.c.key, seen.c.id, asked)).limit(asked.size + 1)


def _gather(asked: _Wanted, lookup: search.Lookup, *, once: bool) -> Subquery:
    """The ids of the page out of everything that matches, which is counted on the way."""
    matching = _matching(asked, lookup, once=once)
    total = select(func.count()).select_from(matching).scalar_subquery()
    rows = select(matching.c.id, matching.c.key, true().label("hit"), total.label("total"))
    beyond = _beyond(asked, matching.c.key, matching.c.id)
    ordered = rows.where(*beyond).order_by(*_ordered(matching.c.key, matching.c.id, asked))
    return ordered.limit(asked.size + 1).subquery("page")


def _matching(asked: _Wanted, lookup: search.Lookup, *, once: bool) -> CTE:
    clauses = [*(each.clause for each in asked.conditions), *asked.bounds]
    rows = select(Order.id, asked.key.label("key")).where(*clauses)
    if asked.words is not None:
        found = search.found(asked.words, lookup, planned_once=once).subquery("found")
        if asked.is_plain:
            rows = select(found.c.id, found.c.date_placed.label("key"))
        else:
            rows = rows.join(found, found.c.id == Order.id)
    # Materialised, so that the sort's LIMIT does not lure the planner back to walking.
    return rows.cte("matching").prefix_with("MATERIALIZED")


def _shown(ids: Subquery, asked: _Wanted) -> Select[*tuple[Any, ...]]:
    """What a row of the list shows, for the orders of one page."""
    total = ids.c.total if "total" in ids.c else null()
    return (
        select(
            *_SHOWN,
            ids.c.key.label("sort_value"),
            ids.c.hit,
            total.label("total"),
        )
        .select_from(ids)
        .join(Order, Order.id == ids.c.id)
        .join(Customer, Customer.id == Order.customer_id)
        .join(Address, Address.id == Order.shipping_address_id)
        .outerjoin(OrderAssignment, OrderAssignment.order_id == Order.id)
        .order_by(*_ordered(ids.c.key, ids.c.id, asked))
    )


_SHOWN: Final = (
    Order.id,
    Order.number,
    Order.date_placed,
    Order.status,
    Order.cancel_status,
    Order.has_open_plan,
    Order.is_send,
    Order.money_mismatch,
    Order.item_count,
    Order.amount,
    Order.currency,
    Order.tracking_number,
    Order.channel_id,
    Order.payment_option_id,
    Order.cargo_company_id,
    Order.modified_at,
    Customer.first_name,
    Customer.last_name,
    Address.city,
    select(func.array_agg(OrderTag.tag_id))
    .where(OrderTag.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
    .label("tag_ids"),
    OrderAssignment.staff_id.label("assignee_id"),
    OrderAssignment.due_on,
)


def _ordered(key: Any, order_id: Any, asked: _Wanted) -> tuple[Any, Any]:
    return (key.desc(), order_id.desc()) if asked.downward else (key.asc(), order_id.asc())


def _beyond(asked: _Wanted, key: Any, order_id: Any) -> list[ColumnElement[bool]]:
    if asked.place is None:
        return []
    mine = tuple_(key, order_id)
    there = tuple_(asked.place.value, asked.place.order_id)
    return [mine < there if asked.downward else mine > there]


def _cut(rows: Sequence[ListRow], asked: _Wanted) -> OrderPage:
    more = len(rows) > asked.size
    shown = list(rows[: asked.size])
    backward = asked.place is not None and asked.place.backward
    if backward:
        shown.reverse()
    if not shown:
        return OrderPage(())
    reached_first = asked.place is None or (backward and not more)
    reached_last = not more and not backward
    return OrderPage(
        rows=shown,
        after=None if reached_last else Place(shown[-1].sort_value, shown[-1].id),
        before=None if reached_first else Place(shown[0].sort_value, shown[0].id, backward=True),
        total=shown[0].total,
    )
