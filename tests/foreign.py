"""One of everything that has an id, in a channel that somebody limited to another one must not know of."""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancelling import Counter, card
from tests.order_drafts import draft, make_channel, with_status, write
from tests.staff import make_staff
from tests.webhooks.hearing import subscribe
from webapp.channels.models import DataSource, RemoteRecord
from webapp.channels.service import ChannelService
from webapp.core.audit import SYSTEM
from webapp.core.db import Base, db, unit_of_work
from webapp.core.operations import Operation
from webapp.customers.models import Customer
from webapp.events.models import WebhookDelivery, WebhookSubscription
from webapp.orders.enums import OrderStatus
from webapp.orders.models import (
    AddressChange,
    Attention,
    CancellationPlan,
    CancellationRequest,
    IntegrationAction,
    Order,
    OrderExport,
    OrderItem,
    SavedView,
    TrackingUpload,
    VendorOrder,
)
from webapp.payments.models import ReconciliationBreak, Refund, Transaction, TransferBatch
from webapp.webhooks.spreading import spread_some

THEIRS, MINE = 1, 2  # channels

# What ids in addresses are called, and whose they are.
TABLES: dict[str, type[Base]] = {
    "order_id": Order,
    "item_id": OrderItem,
    "plan_id": CancellationPlan,
    "request_id": CancellationRequest,
    "refund_id": Refund,
    "transaction_id": Transaction,
    "operation_id": Operation,
    "record_id": RemoteRecord,
    "action_id": IntegrationAction,
    "change_id": AddressChange,
    "vendor_order_id": VendorOrder,
    "attention_id": Attention,
    "customer_id": Customer,
    "upload_id": TrackingUpload,
    "export_id": OrderExport,
    "view_id": SavedView,
    "break_id": ReconciliationBreak,
    "batch_id": TransferBatch,
    "webhook_id": WebhookSubscription,
    "delivery_id": WebhookDelivery,
}


def one_of_everything(session: Session) -> dict[str, list[str]]:
    """The ids by what they are called in addresses; all are of the first channel, or of a colleague."""
    counter = Counter.open(session)
    make_channel(session, name="Mine")
    subscribe(channels=[THEIRS])
    order_id = counter.order("60.00", "40.00", number="F-1")
    counter.cancel(order_id)
    counter.approve(order_id)
    wished = draft("F-2", channel_id=THEIRS, transactions=(card("100.00"),))
    write(counter.desk.channel, wished)
    write(counter.desk.channel, with_status(wished, OrderStatus.CANCELLED, "cancelled"))
    colleague = make_staff(name="Selim Acar").id
    with unit_of_work() as unit:
        _around(unit, order_id, colleague)
        ChannelService().pull(unit, THEIRS, SYSTEM)
    with unit_of_work() as unit:
        spread_some(unit)
    found = {
        name: [str(key) for key in db.session.scalars(select(_id(table)))] for name, table in TABLES.items()
    }
    found["channel_id"] = [str(THEIRS)]
    assert all(found.values()), found
    return found


def _around(unit: Session, order_id: int, colleague: int) -> None:
    address_id = unit.get_one(Order, order_id).shipping_address_id
    source = DataSource(name="Vendor", slug="vendor")
    unit.add(source)
    unit.flush()
    unit.add_all(
        [
            RemoteRecord(channel_id=THEIRS, remote_id="f", content_hash="0", payload={}, state="failed"),
            VendorOrder(order_id=order_id, data_source_id=source.id, number="V1", status=400),
            Attention(kind="payment_lowered", order_id=order_id, channel_id=THEIRS, words="Look at it.", facts={}),
            AddressChange(
                order_id=order_id, side="billing", way="propose", from_address_id=address_id, to_address_id=address_id
            ),
            TrackingUpload(
                file_name="theirs.csv", content_hash="0" * 64, byte_size=1, uploaded_by_id=colleague, reading={}, refusal={}
            ),
            OrderExport(id=uuid.uuid4(), staff_id=colleague, kind="csv", query={}, columns=[]),
            SavedView(owner_id=colleague, name="Theirs", query="view=all"),
            ReconciliationBreak(gateway="stripe", kind="amount", subject="re_1", order_id=order_id),
            TransferBatch(reference="B-1", currency="TRY", total_amount=1),
        ]
    )  # fmt: skip


def _id(table: Any) -> Any:
    return table.id
