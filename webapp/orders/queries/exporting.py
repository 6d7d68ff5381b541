"""Every order of a list, not one page of it: the list's own conditions, order and columns, read piece by piece."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.cargo.models import CargoCompany
from webapp.channels.models import Channel
from webapp.core.csv_cells import plain_cell
from webapp.core.money import EXPONENTS
from webapp.core.sheets import Cell
from webapp.core.text import N_
from webapp.customers.models import Customer
from webapp.orders.enums import OrderStatus
from webapp.orders.models import Order, OrderAssignment, OrderTag, Tag
from webapp.orders.queries import search
from webapp.orders.queries.criteria import OrderFilter, Scope, Sort, SortKey
from webapp.orders.queries.narrowing import narrowings, placed_clauses
from webapp.payments.models import PaymentOption

# Rows that the database hands over at once; a list of any length needs the memory of one such piece.
ROWS_AT_ONCE: Final = 1_000
_SORT_COLUMNS: Final[dict[SortKey, Any]] = {
    SortKey.PLACED: Order.date_placed,
    SortKey.AMOUNT: Order.amount,
    SortKey.MODIFIED: Order.modified_at,
}
# The list's columns by name, with what stands above each; the number is always there.
_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "placed": (N_("Placed"),),
    "customer": (N_("Customer"),),
    "channel": (N_("Channel"),),
    "status": (N_("Status"),),
    "items": (N_("Items"),),
    "total": (N_("Total"), N_("Currency")),
    "tracking": (N_("Tracking"),),
    "tags": (N_("Tags"),),
    "assignee": (N_("Looked after by"),),
    "payment": (N_("Payment"),),
    "cargo": (N_("Carrier"),),
    "modified": (N_("Changed"),),
}


@dataclass(frozen=True)
class Dress:
    """How a reader wants the rows: which columns, in whose words, by whose clock."""

    columns: Sequence[str]
    translate: Callable[[str], str]
    zone: ZoneInfo

    def titles(self) -> list[str]:
        """The header."""
        labels = [N_("Number"), *(label for name in self.columns for label in _TITLES.get(name, ()))]
        return [self.translate(label) for label in labels]


@dataclass(frozen=True)
class Names:
    """What ids of a row stand for."""

    channels: Mapping[int, str]
    payments: Mapping[int, str]
    cargo: Mapping[int, str]
    staff: Mapping[int, str]
    tags: Mapping[int, str]

    @classmethod
    def read(cls, session: Session) -> "Names":
        """Five small tables."""

        def of(model: Any) -> dict[int, str]:
            return {row[0]: row[1] for row in session.execute(select(model.id, model.name))}

        return cls(of(Channel), of(PaymentOption), of(CargoCompany), of(StaffUser), of(Tag))


def whole_list(
    wanted: OrderFilter,
    scope: Scope,
    sort: Sort,
    statistics: search.TrigramStatistics | None,
    columns: Collection[str] = (),
) -> Select[*tuple[Any, ...]] | None:
    """Every row of the list in its order; None when nothing can match. `statistics` are needed when there are words.

    `columns`: what is asked for; tags are gathered only then.
    """
    matching = _matching(wanted, scope, statistics)
    if matching is None:
        return None
    key = _SORT_COLUMNS[sort.key]
    order = (key.desc(), Order.id.desc()) if sort.descending else (key.asc(), Order.id.asc())
    return (
        matching.add_columns(*_SHOWN, *([_TAG_IDS] if "tags" in columns else []))
        .join(Customer, Customer.id == Order.customer_id)
        .outerjoin(OrderAssignment, OrderAssignment.order_id == Order.id)
        .order_by(*order)
    )


def count_to(
    session: Session,
    wanted: OrderFilter,
    scope: Scope,
    statistics: search.TrigramStatistics | None,
    most: int,
) -> int:
    """How many rows the list has, counted to `most` + 1."""
    matching = _matching(wanted, scope, statistics)
    if matching is None:
        return 0
    counted = select(func.count()).select_from(matching.limit(most + 1).subquery())
    return session.scalar(counted) or 0


def cells(
    session: Session, query: Select[*tuple[Any, ...]] | None, dress: Dress, names: Names
) -> Iterator[list[Cell]]:
    """The rows as cells, by a cursor of the server's."""
    if query is None:
        return
    makers = [_MAKERS[name] for name in dress.columns if name in _MAKERS]
    statuses = {status.value: dress.translate(status.label) for status in OrderStatus}
    rows = session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for row in rows:
        made: list[Cell] = [row.number]
        for make in makers:
            made += make(row, names, statuses, dress.zone)
        yield made


def csv_pieces(header: Sequence[str], rows: Iterator[list[Cell]]) -> Iterator[bytes]:
    """A CSV file in pieces of some hundred rows; text that a spreadsheet could run gets an apostrophe in front."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    # The mark tells Excel that this is UTF-8.
    buffer.write("\ufeff")
    writer.writerow([plain_cell(title) for title in header])
    for count, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(value) for value in row])
        if count % 500 == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _csv_cell(value: Cell) -> str:
    if type(value) is str:
        # What begins with a letter or a digit begins no formula: most cells need no closer look.
        return value if value[:1].isalnum() else plain_cell(value)
    # The reader's clock, as the page shows it: not UTC as in files for programs.
    return value.isoformat(" ") if isinstance(value, datetime) else plain_cell(value)


def _matching(
    wanted: OrderFilter, scope: Scope, statistics: search.TrigramStatistics | None
) -> Select[int] | None:
    conditions = narrowings(wanted, scope)
    words = search.read_words(wanted.words) if wanted.words else None
    if conditions is None or (words is not None and words.too_short):
        return None
    query = select(Order.id).where(*(each.clause for each in conditions), *placed_clauses(wanted))
    if words is not None and statistics is not None:
        found = search.found(words, statistics.lookup(words)).subquery("found")
        query = query.join(found, found.c.id == Order.id)
    return query


_SHOWN: Final = (
    Order.number,
    Order.date_placed,
    Order.modified_at,
    Order.status,
    Order.item_count,
    Order.amount,
    Order.currency,
    Order.tracking_number,
    Order.channel_id,
    Order.payment_option_id,
    Order.cargo_company_id,
    Customer.first_name,
    Customer.last_name,
    OrderAssignment.staff_id.label("assignee_id"),
)


_TAG_IDS: Final = (
    select(func.array_agg(OrderTag.tag_id))
    .where(OrderTag.order_id == Order.id)
    .correlate(Order)
    .scalar_subquery()
    .label("tag_ids")
)


def _tags(row: Any, names: Names) -> str:
    """By name, as people write lists."""
    return ", ".join(sorted(names.tags[key] for key in row.tag_ids or () if key in names.tags))


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _amount(row: Any) -> Decimal:
    amount: Decimal = row.amount
    places = EXPONENTS.get(row.currency)
    return amount if places is None else round(amount, places)


_Maker = Callable[[Any, Names, Mapping[int, str], ZoneInfo], list[Cell]]
_MAKERS: Final[dict[str, _Maker]] = {
    "placed": lambda row, _n, _s, zone: [_local(row.date_placed, zone)],
    "customer": lambda row, _n, _s, _z: [f"{row.first_name} {row.last_name}".strip()],
    "channel": lambda row, names, _s, _z: [names.channels.get(row.channel_id)],
    "status": lambda row, _n, statuses, _z: [statuses[row.status]],
    "items": lambda row, _n, _s, _z: [row.item_count],
    "total": lambda row, _n, _s, _z: [_amount(row), row.currency],
    "tracking": lambda row, _n, _s, _z: [row.tracking_number],
    "tags": lambda row, names, _s, _z: [_tags(row, names)],
    "assignee": lambda row, names, _s, _z: [names.staff.get(row.assignee_id)],
    "payment": lambda row, names, _s, _z: [names.payments.get(row.payment_option_id)],
    "cargo": lambda row, names, _s, _z: [names.cargo.get(row.cargo_company_id)],
    "modified": lambda row, _n, _s, zone: [_local(row.modified_at, zone)],
}
