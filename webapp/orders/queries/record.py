"""Everything about one order that the API's detail and `kontor order show` write, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.catalog.models import PriceList, Product, StockList
from webapp.channels.models import DataSource
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    DiscountItem,
    ExternalStatus,
    Order,
    OrderItem,
)
from webapp.orders.queries import detail
from webapp.orders.queries.criteria import Scope
from webapp.payments.models import Installment


@dataclass(frozen=True)
class RecordedItem:
    """A row of the order with the rows it points to."""

    row: OrderItem
    product: Product | None
    price_list: PriceList | None
    stock_list: StockList | None
    data_source: DataSource | None
    external_status: ExternalStatus | None


@dataclass(frozen=True)
class RecordedPlan:
    """A cancellation plan with its items."""

    row: CancellationPlan
    items: Sequence[CancellationPlanItem]


@dataclass(frozen=True)
class OrderRecord:
    """The order and everything its payload names."""

    head: detail.OrderHead
    items: Sequence[RecordedItem]
    payments: Sequence[detail.Payment]
    discounts: Sequence[DiscountItem]
    plans: Sequence[RecordedPlan]
    installment: Installment | None

    @property
    def order(self) -> Order:
        """The order's own row."""
        return self.head.order


def order_record(session: Session, order_id: int, scope: Scope) -> OrderRecord:
    """The order in full. Raises NotFound also for an order of a channel that the reader may not know of."""
    head = detail.head(session, order_id, scope)
    installment_id = head.order.installment_id
    return OrderRecord(
        head=head,
        items=_items(session, order_id),
        payments=detail.payments(session, order_id),
        discounts=detail.discounts(session, order_id),
        plans=_plans(session, order_id),
        installment=session.get(Installment, installment_id) if installment_id is not None else None,
    )


def item_rows() -> Select[*tuple[Any, ...]]:
    """Order items with the rows they point to, in the order of RecordedItem's fields."""
    return (
        select(OrderItem, Product, PriceList, StockList, DataSource, ExternalStatus)
        .outerjoin(Product, Product.id == OrderItem.product_id)
        .outerjoin(PriceList, PriceList.id == OrderItem.price_list_id)
        .outerjoin(StockList, StockList.id == OrderItem.stock_list_id)
        .outerjoin(DataSource, DataSource.id == OrderItem.data_source_id)
        .outerjoin(ExternalStatus, ExternalStatus.id == OrderItem.external_status_id)
    )


def _items(session: Session, order_id: int) -> list[RecordedItem]:
    query = item_rows().where(OrderItem.order_id == order_id)
    query = query.order_by(OrderItem.position, OrderItem.part, OrderItem.id)
    return [RecordedItem(*row) for row in session.execute(query)]


def _plans(session: Session, order_id: int) -> list[RecordedPlan]:
    query = (
        select(CancellationPlan, CancellationPlanItem)
        .join(CancellationPlanItem, CancellationPlanItem.plan_id == CancellationPlan.id)
        .where(CancellationPlan.order_id == order_id)
        .order_by(CancellationPlan.id, CancellationPlanItem.id)
    )
    items: dict[CancellationPlan, list[CancellationPlanItem]] = {}
    for plan, item in session.execute(query):
        items.setdefault(plan, []).append(item)
    return [RecordedPlan(plan, found) for plan, found in items.items()]
