"""Orders and what belongs to them as programs ask for them: statements to be paged by core/paging.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Select, Text, bindparam, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.errors import NotFound
from webapp.core.paging import Ordering
from webapp.core.text import N_, fold
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationReason,
    CancellationRequest,
    Order,
    OrderItem,
    OrderSearch,
)
from webapp.orders.queries.criteria import Scope, common
from webapp.orders.queries.detail import Payment
from webapp.orders.queries.record import RecordedItem, RecordedPlan, item_rows
from webapp.payments.models import Refund, Transaction

Statement = Select[*tuple[Any, ...]]
Row = TypeVar("Row")
SHORTEST: Final = 3  # letters that have a trigram; shorter pieces are found by reading


class OrderSort(StrEnum):
    """What orders can be read by; each has an index. A minus in front turns it round."""

    PLACED = "date_placed"
    MODIFIED = "modified_date"
    PK = "pk"


_SORTS: Final[dict[OrderSort, tuple[Any, ...]]] = {
    OrderSort.PLACED: (Order.date_placed, Order.id),
    OrderSort.MODIFIED: (Order.modified_at, Order.id),
    OrderSort.PK: (Order.id,),
}


@dataclass(frozen=True, slots=True)
class OrderCriteria:
    """Which orders. Several values of one mean any of them; different ones must all hold. Spans are half-open, UTC."""

    number_part: str = ""
    number: str | None = None
    remote_id: str | None = None
    statuses: Sequence[int] = ()
    channels: Sequence[int] = ()
    customers: Sequence[int] = ()
    payment_options: Sequence[int] = ()
    cargo_companies: Sequence[int] = ()
    cancel_statuses: Sequence[str] = ()
    currencies: Sequence[str] = ()
    placed: tuple[datetime | None, datetime | None] = (None, None)
    modified: tuple[datetime | None, datetime | None] = (None, None)
    amount: tuple[Decimal | None, Decimal | None] = (None, None)


def order_ordering(sort: OrderSort, *, descending: bool) -> Ordering:
    """The columns behind the sort's name."""
    return Ordering(_SORTS[sort], descending)


def orders(wanted: OrderCriteria, scope: Scope) -> Statement:
    """The orders that match, of channels that the reader may know of."""
    clauses = [
        *_one_of(Order.channel_id, common(wanted.channels, scope)),
        *_one_of(Order.status, wanted.statuses or None),
        *_one_of(Order.customer_id, wanted.customers or None),
        *_one_of(Order.payment_option_id, wanted.payment_options or None),
        *_one_of(Order.cargo_company_id, wanted.cargo_companies or None),
        *_one_of(Order.cancel_status, wanted.cancel_statuses or None),
        *_one_of(Order.currency, wanted.currencies or None),
        *_span(Order.date_placed, wanted.placed),
        *_span(Order.modified_at, wanted.modified),
        *_span(Order.amount, wanted.amount),
        *_number(wanted),
    ]
    return select(Order).where(*clauses)


def funds_transfers(session: Session, order_ids: Sequence[int]) -> dict[int, list[Payment]]:
    """The bank transfers of these orders with their refunds, by order."""
    query = (
        select(Transaction, Refund)
        .outerjoin(Refund, Refund.transaction_id == Transaction.id)
        .where(Transaction.order_id.in_(order_ids), Transaction.kind == "funds_transfer")
        .order_by(Transaction.id, Refund.created_at, Refund.id)
    )
    found: dict[int, list[Payment]] = {key: [] for key in order_ids}
    for payment in _with_refunds(session, query):
        found[payment.row.order_id].append(payment)
    return found


def items(scope: Scope, *, order_id: int | None = None, statuses: Sequence[int] = ()) -> Statement:
    """Order items with the rows they point to; paged by id."""
    query = item_rows().join(Order, Order.id == OrderItem.order_id).where(_in(scope))
    return query.where(*_one_of(OrderItem.status, statuses or None), *_of_order(OrderItem.order_id, order_id))


def item(session: Session, scope: Scope, item_id: int) -> RecordedItem:
    """One order item. Raises NotFound also for one of a channel that is not the reader's."""
    row = session.execute(items(scope).where(OrderItem.id == item_id)).one_or_none()
    return RecordedItem(*_known(row, "There is no such order item."))


def order_item_ids(session: Session, order_id: int) -> Sequence[int]:
    """The items of an order."""
    return session.scalars(select(OrderItem.id).where(OrderItem.order_id == order_id)).all()


def orders_of_items(session: Session, scope: Scope, item_ids: Sequence[int]) -> dict[int, list[int]]:
    """These items by their order, sorted. Raises NotFound when one of them is not there for the reader."""
    rows = session.execute(items(scope).where(OrderItem.id.in_(item_ids)).order_by(OrderItem.order_id)).all()
    if len(rows) < len(set(item_ids)):
        raise NotFound(N_("One of these order items does not exist."))
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row[0].order_id, []).append(row[0].id)
    return found


def items_of_ids(session: Session, item_ids: Sequence[int]) -> list[RecordedItem]:
    """These items with the rows they point to."""
    rows = session.execute(item_rows().where(OrderItem.id.in_(item_ids)).order_by(OrderItem.id))
    return [RecordedItem(*row) for row in rows]


def transactions(scope: Scope, *, order_id: int | None = None, kinds: Sequence[str] = ()) -> Statement:
    """Payments."""
    query = select(Transaction).join(Order, Order.id == Transaction.order_id).where(_in(scope))
    return query.where(*_one_of(Transaction.kind, kinds or None), *_of_order(Transaction.order_id, order_id))


def payments(session: Session, rows: Sequence[Transaction]) -> list[Payment]:
    """These payments with their refunds."""
    query = (
        select(Transaction, Refund)
        .outerjoin(Refund, Refund.transaction_id == Transaction.id)
        .where(Transaction.id.in_([row.id for row in rows]))
        .order_by(Transaction.id.desc(), Refund.created_at, Refund.id)
    )
    return _with_refunds(session, query)


def refunds(scope: Scope, *, order_id: int | None = None, states: Sequence[str] = ()) -> Statement:
    """Refunds, our own and those that channels have made."""
    query = select(Refund).join(Order, Order.id == Refund.order_id).where(_in(scope))
    return query.where(*_one_of(Refund.state, states or None), *_of_order(Refund.order_id, order_id))


def plans(scope: Scope, *, order_id: int | None = None, statuses: Sequence[str] = ()) -> Statement:
    """Cancellation plans."""
    query = select(CancellationPlan).join(Order, Order.id == CancellationPlan.order_id).where(_in(scope))
    return query.where(
        *_one_of(CancellationPlan.status, statuses or None), *_of_order(CancellationPlan.order_id, order_id)
    )


def with_items(session: Session, found: Sequence[CancellationPlan]) -> list[RecordedPlan]:
    """These plans with their items."""
    rows = session.scalars(
        select(CancellationPlanItem)
        .where(CancellationPlanItem.plan_id.in_([plan.id for plan in found]))
        .order_by(CancellationPlanItem.id)
    ).all()
    return [RecordedPlan(plan, [row for row in rows if row.plan_id == plan.id]) for plan in found]


def requests(scope: Scope, *, order_id: int | None = None, statuses: Sequence[str] = ()) -> Statement:
    """Wishes of customers and channels to cancel an item."""
    query = (
        select(CancellationRequest).join(Order, Order.id == CancellationRequest.order_id).where(_in(scope))
    )
    return query.where(
        *_one_of(CancellationRequest.status, statuses or None),
        *_of_order(CancellationRequest.order_id, order_id),
    )


def reasons() -> Statement:
    """Every reason, the switched-off ones too: old plans name them."""
    return select(CancellationReason)


def by_id(column: Any, *, descending: bool = True) -> Ordering:
    """The newest first."""
    return Ordering((column,), descending)


TRANSACTION_ID: Final = Transaction.id
REFUND_ORDER: Final = (Refund.created_at, Refund.id)
PLAN_ID: Final = CancellationPlan.id
REQUEST_ID: Final = CancellationRequest.id
REASON_ID: Final = CancellationReason.id
ITEM_ID: Final = OrderItem.id


def one(session: Session, statement: Statement, column: InstrumentedAttribute[Any], key: Any) -> Any:
    """The row of the statement with this key. Raises NotFound."""
    return _known(session.scalars(statement.where(column == key)).one_or_none(), "There is no such thing.")


def _known(row: Row | None, words: str) -> Row:
    if row is None:
        raise NotFound(words)
    return row


def _with_refunds(session: Session, query: Statement) -> list[Payment]:
    found: dict[Transaction, list[Refund]] = {}
    for transaction, refund in session.execute(query):
        found.setdefault(transaction, []).extend([] if refund is None else [refund])
    return [Payment(transaction, made) for transaction, made in found.items()]


def _in(scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else Order.channel_id.in_(sorted(scope))


def _of_order(column: Any, order_id: int | None) -> list[ColumnElement[bool]]:
    return [] if order_id is None else [column == order_id]


def _one_of(column: Any, values: Sequence[Any] | None) -> list[ColumnElement[bool]]:
    return [] if values is None else [column.in_(list(values))]


def _span(column: Any, bounds: tuple[Any, Any]) -> list[ColumnElement[bool]]:
    first, end = bounds
    found: list[ColumnElement[bool]] = []
    if first is not None:
        found.append(column >= first)
    if end is not None:
        found.append(column < end)
    return found


def _number(wanted: OrderCriteria) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.number is not None:
        found.append(Order.number == wanted.number)
    if wanted.remote_id is not None:
        found.append(Order.remote_id == wanted.remote_id)
    if wanted.number_part:
        found.append(Order.number.icontains(wanted.number_part, autoescape=True))
        folded = fold(wanted.number_part)
        if len(folded) >= SHORTEST and " " not in folded:
            found.append(Order.id.in_(_looked_up(folded)))
    return found


def _looked_up(folded: str) -> Select[int]:
    """Orders that have all trigrams of the piece somewhere in their folded text: few, and found by the index."""
    pieces = sorted({folded[at : at + SHORTEST] for at in range(len(folded) - SHORTEST + 1)})
    given = bindparam("pieces", pieces, ARRAY(Text), unique=True)
    return select(OrderSearch.order_id).where(func.kontor_trigrams(OrderSearch.folded).op("@>")(given))
