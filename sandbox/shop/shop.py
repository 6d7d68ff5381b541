"""The shop itself: its state, gate and switches, and everything that can happen in it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.journal import Journal
from sandbox.shop.auth import Gate
from sandbox.shop.changes import add_meta, set_status
from sandbox.shop.generator import Wish, draw_order
from sandbox.shop.order_query import STATUSES
from sandbox.shop.problems import invalid_order_id
from sandbox.shop.store import (
    Order,
    Settings,
    add_order,
    load_order,
    number_parts,
    order_ids,
    save_order,
    take_numbers,
)
from sandbox.stamps import now

SPAN_DAYS = 60.0  # the first orders are spread over this time before the shop was opened


@dataclass
class Shop:
    database: Database
    seed: int
    zone: ZoneInfo
    gate: Gate
    faults: FaultPlan
    settings: Settings
    journal: Journal = field(default_factory=Journal)

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

    def place_order(self, wish: Wish) -> Order:
        with self.database.writing() as connection:
            number = take_numbers(connection, "drawn")[0]
            order = draw_order(self.seed, number, now=now(), zone=self.zone, span_days=0, wish=wish)
            return add_order(connection, order)

    def change_order(self, order_id: int, change: Callable[[Order], None]) -> Order:
        """Applies `change` to the stored order in one transaction; raises Refusal (404) for an unknown one."""
        with self.database.writing() as connection:
            order = load_order(connection, order_id)
            if order is None:
                raise invalid_order_id()
            change(order)
            number_parts(connection, order)
            save_order(connection, order)
        return order

    def move_order(self, order_id: int, status: str) -> Order:
        """A person in the shop's own back-office sets a status; `trash` too. Raises ValueError."""
        if status not in (*STATUSES, "trash"):
            raise ValueError(f"There is no status {status}; there are {', '.join((*STATUSES, 'trash'))}.")
        return self.change_order(order_id, lambda order: _set_status(order, status, self.zone))

    def touch_silently(self, order_id: int) -> Order:
        """Changes what the order says while `date_modified` stays, as a note or an address does."""
        return self.change_order(order_id, _touch)

    def stir(self) -> None:
        """What happens between two pages of a slow reader: the first open order moves on, a new one comes."""
        with self.database.reading() as connection:
            open_orders = order_ids(connection, ("processing", "on-hold", "pending"))
        if open_orders:
            self.move_order(open_orders[0], "completed")
        self.place_order(Wish())

    def draw_open_order(self, chance: random.Random, statuses: tuple[str, ...]) -> int | None:
        with self.database.reading() as connection:
            ids = order_ids(connection, statuses)
        return chance.choice(ids) if ids else None


def wish_from(values: dict[str, Any]) -> Wish:
    """Raises ValueError for a wish that no order can have."""
    unknown = set(values) - set(Wish.__dataclass_fields__)
    if unknown:
        known = ", ".join(Wish.__dataclass_fields__)
        raise ValueError(f"An order has no {', '.join(sorted(unknown))}; say {known}.")
    return Wish(**values)


def _set_status(order: Order, status: str, zone: ZoneInfo) -> None:
    set_status(order, status, now(), zone)


def _touch(order: Order) -> None:
    order["customer_note"] = f"{order['customer_note']} (changed)".strip()
    order["shipping"]["address_2"] = "Building B"
    add_meta(order, "_sandbox_touched", now().isoformat())
