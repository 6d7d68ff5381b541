"""What can be sent about cancelling, by the reference's names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast

from marshmallow import Schema, fields

from webapp.api.fields import Amount, Key, Several, Text, Word, Yes
from webapp.core.errors import InvalidInput
from webapp.orders.enums import CancelStatus, OrderStatus, RefundWay
from webapp.orders.service.cancellation.asking import CancelWishes, GivenReason


class Reason(Schema):
    """A reason, for one item or for every item of its kind."""

    reason = Key(required=True)
    text = Text(most=2_000, load_default="")
    order_item = Key(allow_none=True, load_default=None)


class CancelItem(Schema):
    """An item, and how many units of it; all of them unless told."""

    order_item = Key(required=True)
    quantity = Amount(allow_none=True, load_default=None)


class Cancel(Schema):
    """The parameters of `cancel_order`. `diagnose` only says what would come of it and writes nothing."""

    reasons = Several(fields.Nested(Reason), load_default=())
    is_all = Yes(load_default=False)
    cancel_items = Several(fields.Nested(CancelItem), load_default=())
    forced_refund_amount = Amount(allow_none=True, load_default=None)
    adjustment_reason = Text(most=2_000, load_default="")
    is_cargo_refund = Yes(allow_none=True, load_default=None)
    refund_invoice_number = Text(most=64, allow_none=True, load_default=None)
    next_status = Word(OrderStatus, allow_none=True, load_default=None)
    fallback = Word(RefundWay, load_default=RefundWay.TRANSFER)
    ibans = Several(Text(most=42), load_default=())
    holder_names = Several(Text(most=200), load_default=())
    diagnose = Yes(load_default=False)


class Approve(Schema):
    """Which plan is meant is only asked where the order has several."""

    invoice_number = Text(most=64, allow_none=True, load_default=None)
    cancellation_plan = Key(allow_none=True, load_default=None)


class Reject(Schema):
    """Why, for whoever asks later."""

    words = Text(most=2_000, load_default="")
    cancellation_plan = Key(allow_none=True, load_default=None)


class UpdateCancelStatus(Schema):
    """Items of one whole plan (none: the order's open one), and where it goes."""

    order = Key(allow_none=True, load_default=None)
    order_items = Several(Key(), load_default=())
    cancel_status = Word(CancelStatus, required=True)
    words = Text(most=2_000, load_default="")


class PlanChange(Schema):
    """What can be changed of one plan."""

    cancel_status = Word(CancelStatus, load_default=None)
    words = Text(most=2_000, load_default="")
    refund_invoice_number = Text(most=64, load_default=None)


def given_reasons(sent: Mapping[str, Any]) -> list[GivenReason]:
    """The reasons as the service takes them."""
    return [GivenReason(each["reason"], each["text"], each["order_item"]) for each in sent["reasons"]]


_WISHES: Final = (
    "is_all",
    "forced_refund_amount",
    "adjustment_reason",
    "is_cargo_refund",
    "next_status",
    "fallback",
    "ibans",
    "holder_names",
)


def wishes(sent: Mapping[str, Any]) -> CancelWishes:
    """The other parameters. Raises InvalidInput for an item that is named twice."""
    chosen: dict[int, Decimal | None] = {}
    for each in sent["cancel_items"]:
        if each["order_item"] in chosen:
            words = "Name each item once."
            raise InvalidInput(words, fields={"cancel_items": [words]})
        chosen[each["order_item"]] = each["quantity"]
    named = {name: sent[name] for name in _WISHES}
    return cast(CancelWishes, {**named, "cancel_items": chosen or None})
