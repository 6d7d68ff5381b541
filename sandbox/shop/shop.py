"""The shop itself: its state, gate and switches, and everything that can happen in it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.journal import Journal
from sandbox.settings import Settings
from sandbox.shop import past
from sandbox.shop.auth import Gate
from sandbox.shop.bulk import BulkOrders
from sandbox.shop.catalogue import MARKET_BY_COUNTRY
from sandbox.shop.changes import add_meta, refundable, set_status
from sandbox.shop.gateway import Cashier, remember_payment
from sandbox.shop.generator import Wish, draw_order
from sandbox.shop.order_list import find_page
from sandbox.shop.order_query import STATUSES, OrderQuery
from sandbox.shop.payments import TITLES
from sandbox.shop.problems import invalid_order_id
from sandbox.shop.refunds import make_refund
from sandbox.shop.store import (
    Order,
    Page,
    add_order,
    load_order,
    number_parts,
    order_ids,
    save_order,
    take_numbers,
)
from sandbox.shop.webhooks import Webhooks, announce
from sandbox.stamps import now

WISHES: dict[str, Callable[[Any], Any]] = {
    "country": str,
    "payment_method": str,
    "status": str,
    "instalments": int,
    "items": int,
    "coupon": bool,
    "age_days": float,
}
SPAN_DAYS = 60.0  # the first orders are spread over this time before the shop was opened


@dataclass
class Shop:
    database: Database
    seed: int
    zone: ZoneInfo
    gate: Gate
    faults: FaultPlan
    settings: Settings
    webhooks: Webhooks
    cashier: Cashier
    bulk: BulkOrders | None = None  # takes the place of the stored orders for measurements
    journal: Journal = field(default_factory=Journal)

    def order_page(self, query: OrderQuery) -> Page:
        if self.bulk:
            return self.bulk.page(query)
        with self.database.reading() as connection:
            return find_page(connection, query)

    def order_body(self, order_id: int) -> str | None:
        """The stored JSON, also of an order in the trash."""
        if self.bulk:
            return self.bulk.body(order_id)
        with self.database.reading() as connection:
            row = connection.execute("SELECT body FROM shop_order WHERE id = ?", (order_id,)).fetchone()
        return row["body"] if row else None

    def open_with(self, count: int) -> None:
        """Fills an empty shop with its first orders, oldest first; does nothing in a shop that has any."""
        with self.database.writing() as connection:
            if connection.execute("SELECT EXISTS (SELECT 1 FROM shop_order)").fetchone()[0]:
                return
            opened = now()
            drawn = [
                draw_order(self.seed, number, now=opened, zone=self.zone, span_days=SPAN_DAYS, wish=Wish())
                for number in take_numbers(connection, "drawn", count)
            ]
            for order in sorted(drawn, key=lambda order: str(order["date_created_gmt"])):
                add_order(connection, order)
                past.draw_refund(connection, order, self.seed, self.zone)
                remember_payment(connection, order)

    def place_order(self, wish: Wish) -> Order:
        with self.database.writing() as connection:
            number = take_numbers(connection, "drawn")[0]
            order = draw_order(self.seed, number, now=now(), zone=self.zone, span_days=0, wish=wish)
            add_order(connection, order)
            remember_payment(connection, order)
            announce(connection, "order.created", order)
        return order

    def move_order(self, order_id: int, status: str) -> Order:
        """A person in the shop's own back-office sets a status; `trash` too. Raises ValueError."""
        if status not in (*STATUSES, "trash"):
            raise ValueError(f"There is no status {status}; there are {', '.join((*STATUSES, 'trash'))}.")
        order = self._change(order_id, lambda order: _move(order, status, self.zone))
        return self.book_rest_as_refunded(order)

    def touch_silently(self, order_id: int) -> Order:
        """Changes what the order says while `date_modified` stays, as a note or an address does."""
        return self._change(order_id, _touch, is_announced=False)

    def gateway(self, order: Order, amount: Decimal, refund_id: int) -> str | None:
        return self.cashier.pay_back(order, amount, refund_id)

    def stir(self) -> None:
        """What happens between two pages of a slow reader: the first open order moves on, a new one comes."""
        with self.database.reading() as connection:
            open_orders = order_ids(connection, ("processing", "on-hold", "pending"))
        if open_orders:
            self.move_order(open_orders[0], "completed")
        self.place_order(Wish())

    def draw_order_id(self, chance: random.Random, statuses: tuple[str, ...]) -> int | None:
        with self.database.reading() as connection:
            ids = order_ids(connection, statuses)
        return chance.choice(ids) if ids else None

    def book_rest_as_refunded(self, order: Order) -> Order:
        """A status "refunded" set by hand makes a refund of what is left, without asking the gateway."""
        rest = refundable(order)
        if order["status"] != "refunded" or rest <= 0:
            return order
        wanted = {"amount": str(rest), "reason": "Order fully refunded.", "api_refund": False}
        make_refund(self.database, self.zone, order["id"], wanted, self.gateway, race_ms=0)
        with self.database.reading() as connection:
            return load_order(connection, order["id"]) or order

    def _change(self, order_id: int, change: Callable[[Order], None], *, is_announced: bool = True) -> Order:
        """One transaction; raises Refusal (404) for an unknown order."""
        with self.database.writing() as connection:
            order = load_order(connection, order_id)
            if order is None:
                raise invalid_order_id()
            change(order)
            number_parts(connection, order)
            save_order(connection, order)
            remember_payment(connection, order)
            if is_announced:
                announce(connection, "order.updated", order)
        return order


def wish_from(values: dict[str, Any]) -> Wish:
    """From JSON or a form; raises ValueError for a wish that no order can have."""
    unknown = set(values) - set(WISHES)
    if unknown:
        raise ValueError(f"An order has no {', '.join(sorted(unknown))}; say {', '.join(WISHES)}.")
    wish = Wish(**{name: WISHES[name](value) for name, value in values.items()})
    if wish.country not in (None, *MARKET_BY_COUNTRY):
        raise ValueError(f"country is one of {', '.join(MARKET_BY_COUNTRY)}.")
    if wish.payment_method not in (None, *TITLES):
        raise ValueError(f"payment_method is one of {', '.join(TITLES)}.")
    if wish.status not in (None, *STATUSES):
        raise ValueError(f"status is one of {', '.join(STATUSES)}.")
    return wish


def _move(order: Order, status: str, zone: ZoneInfo) -> None:
    moment = now()
    is_first_payment = status in ("processing", "completed") and order["date_paid"] is None
    set_status(order, status, moment, zone)
    if is_first_payment and order["date_paid"] is not None and not order["transaction_id"]:
        past.add_payment(order)


def _touch(order: Order) -> None:
    order["customer_note"] = f"{order['customer_note']} (changed)".strip()
    order["shipping"]["address_2"] = "Building B"
    add_meta(order, "_sandbox_touched", now().isoformat())
