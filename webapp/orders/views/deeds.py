"""What the order's page offers: Move…, and the deeds with a button of their own."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from webapp.auth.permissions import Permission, can
from webapp.core.text import N_
from webapp.orders.enums import LIVE_STATUSES, DeliveryType, OrderStatus, TenderKind
from webapp.orders.queries.detail import Item, OrderHead, Payment
from webapp.orders.service.store import HELD_BACK_FROM

HOLD_BACK: Final = "mark_as_not_sent"


class Deed(NamedTuple):
    """A button of its own: what it is called, what is said when it is done, and a question where one is asked."""

    slug: str
    label: str
    done: str
    question: str = ""


DEEDS: Final = {
    "confirm_pay_on_delivery": Deed(
        "confirm_pay_on_delivery",
        N_("Confirm pay on delivery"),
        N_("Order %(number)s is approved; it is paid at the door."),
    ),
    "accept_in_store": Deed(
        "accept_in_store", N_("Accept in store"), N_("Order %(number)s can be picked up.")
    ),
    "deliver_in_store": Deed(
        "deliver_in_store", N_("Hand over in store"), N_("Order %(number)s was handed over.")
    ),
    "mark_as_not_sent": Deed(
        "mark_as_not_sent",
        N_("Take back from warehouse"),
        N_("Order %(number)s is marked as not sent."),
        N_("Is the order not with the warehouse? It will wait under “To send” again."),
    ),
}


def moving_ctx(head: OrderHead, items: Sequence[Item], payments: Iterable[Payment]) -> dict[str, Any]:
    """What the reader may do with the order as it stands: `hold_back` belongs to its delivery."""
    may = can(Permission.ORDERS_CHANGE_STATUS)
    is_live = any(item.row.status in LIVE_STATUSES for item in items)
    offered = _offered(head, items, payments) if may else []
    return {
        "can_move": may and is_live,
        "may_print": is_live,
        "deeds": [deed for deed in offered if deed.slug != HOLD_BACK],
        "hold_back": [deed for deed in offered if deed.slug == HOLD_BACK],
    }


def _offered(head: OrderHead, items: Iterable[Item], payments: Iterable[Payment]) -> list[Deed]:
    order = head.order
    live = {OrderStatus(item.row.status) for item in items} & LIVE_STATUSES
    at_the_door = TenderKind.PAY_ON_DELIVERY
    paid_there = (head.payment_option is not None and head.payment_option.tender == at_the_door) or any(
        payment.row.kind == at_the_door for payment in payments
    )
    is_pickup = order.delivery_type == DeliveryType.STORE_PICKUP
    early = {status for status in live if status < OrderStatus.SHIPPED}
    wanted = {
        "confirm_pay_on_delivery": paid_there and OrderStatus.CONFIRMATION_WAITING in live,
        "accept_in_store": is_pickup and bool(early) and not live - early - {OrderStatus.READY_FOR_PICKUP},
        "deliver_in_store": is_pickup and live == {OrderStatus.READY_FOR_PICKUP},
        "mark_as_not_sent": order.is_send and order.status in HELD_BACK_FROM,
    }
    return [DEEDS[slug] for slug, is_offered in wanted.items() if is_offered]
