"""What happens to an order, and which of it moves `date_modified`: only a new status and a refund."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shop.store import Order, stamp

PAID = ("processing", "completed")


def set_status(order: Order, status: str, moment: datetime, zone: ZoneInfo) -> bool:
    """False where the order already has it; then nothing moves."""
    if order["status"] == status:
        return False
    order["status"] = status
    if status in PAID and order["date_paid"] is None and not _is_paid_at_the_door(order, status):
        stamp(order, "date_paid", moment, zone)
    if status == "completed":
        stamp(order, "date_completed", moment, zone)
    order["needs_payment"] = status in ("pending", "failed")
    order["is_editable"] = status in ("pending", "on-hold", "auto-draft")
    stamp(order, "date_modified", moment, zone)
    return True


def pay(order: Order, transaction_id: str, moment: datetime, zone: ZoneInfo) -> None:
    """What WooCommerce calls payment complete."""
    if transaction_id:
        order["transaction_id"] = transaction_id
    stamp(order, "date_paid", moment, zone)
    set_status(order, "processing", moment, zone)


def note_refund(order: Order, refund: dict[str, Any]) -> None:
    """Newest first in `refunds`; it counts at once against what is left."""
    order["refunds"].insert(
        0, {"id": refund["id"], "reason": refund["reason"], "total": f"-{refund['amount']}"}
    )


def settle_refund(order: Order, moment: datetime, zone: ZoneInfo) -> None:
    """An order that is paid back entirely becomes refunded."""
    if refundable(order) <= 0:
        set_status(order, "refunded", moment, zone)
    stamp(order, "date_modified", moment, zone)


def withdraw_refund(order: Order, refund_id: int) -> None:
    order["refunds"] = [refund for refund in order["refunds"] if refund["id"] != refund_id]


def refundable(order: Order) -> Decimal:
    """What is left of the total, in the order's currency."""
    return Decimal(order["total"]) + sum(
        (Decimal(refund["total"]) for refund in order["refunds"]), Decimal(0)
    )


def add_meta(order: Order, key: str, value: Any, meta_id: int | None = None) -> None:
    """Replaces the entry with that number, else the first with that key, else adds one."""
    for entry in order["meta_data"]:
        if entry["id"] == meta_id if meta_id else entry["key"] == key:
            entry.update(key=key, value=value)
            return
    order["meta_data"].append({"key": key, "value": value})


def _is_paid_at_the_door(order: Order, status: str) -> bool:
    return bool(order["payment_method"] == "cod" and status == "processing")
