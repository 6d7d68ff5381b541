"""What tests of the outbox stand on: an order of a real sandbox shop, word left for it, and what is at the shop then."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, text, update

from tests.cancelling import staff
from tests.channels.shops import STAFF, Connected
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.customers.identity import ADDRESS_FIELDS
from webapp.customers.models import Address
from webapp.orders.enums import ActionKind
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import IntegrationAction, Order, OrderItem
from webapp.orders.service import IntegrationActionService, OrderService
from webapp.orders.service.integration_action_service import DELIVER_KIND, ask_delivery

ORDERS = "/wp-json/wc/v3/orders"
NEW_STREET = "Bağdat Cad. 118/4"


@dataclass
class Told:
    """An order that was placed at the shop and pulled."""

    connected: Connected
    order_id: int
    remote: dict[str, Any]

    @classmethod
    def bought(cls, connected: Connected, **wish: Any) -> "Told":
        """A paid order of three rows, unless wished otherwise."""
        placed = connected.shop.place(
            **{"status": "processing", "country": "TR", "items": 3, "coupon": False, **wish}
        )
        connected.backfill(order_numbers_to_fetch=(placed["number"],))
        db.session.rollback()
        query = select(Order.id).where(Order.remote_id == str(placed["id"]))
        return cls(connected, db.session.scalars(query).one(), placed)

    @property
    def path(self) -> str:
        return f"{ORDERS}/{self.remote['id']}"

    def leave_word(self, kind: ActionKind, **args: Any) -> int:
        """Word for the channel; the row's id."""
        with unit_of_work() as session:
            order = session.get_one(Order, self.order_id)
            action = IntegrationActionService(session).create(order, kind, args, STAFF)
            session.flush()
            return action.id

    def deliver(self, kind: ActionKind, **args: Any) -> IntegrationAction:
        """Leave word and do what a worker does; the row as it is then."""
        action_id = self.leave_word(kind, **args)
        drain("channels")
        return action_now(action_id)

    def items(self) -> list[int]:
        """Our rows of it."""
        db.session.rollback()
        query = select(OrderItem.id).where(OrderItem.order_id == self.order_id)
        return list(db.session.scalars(query.order_by(OrderItem.position, OrderItem.part)))

    def move(self, status: int, *items: int) -> None:
        """Put the order, or some of its rows and what follows from them, at a status without telling anybody."""
        from webapp.orders.service.standing import restate

        with unit_of_work() as session:
            for item_id in items or self.items_in(session):
                item = session.get_one(OrderItem, item_id)
                item.status, item.status_before_cancel = status, None
            session.flush()
            restate(session, session.get_one(Order, self.order_id))

    def items_in(self, session: Any) -> list[int]:
        return list(session.scalars(select(OrderItem.id).where(OrderItem.order_id == self.order_id)))

    def at_shop(self) -> dict[str, Any]:
        """The order as the shop has it now."""
        order: dict[str, Any] = self.connected.shop.api("GET", f"/orders/{self.remote['id']}").json()
        return order

    def notes(self) -> list[dict[str, Any]]:
        """What was noted there, newest first."""
        notes: list[dict[str, Any]] = self.connected.shop.api(
            "GET", f"/orders/{self.remote['id']}/notes"
        ).json()
        return notes

    def changes(self) -> list[tuple[str, str]]:
        """Every request that wanted to change something there: (method, path)."""
        return [(r["method"], r["path"]) for r in self.connected.requests() if r["method"] != "GET"]


def action_now(action_id: int) -> IntegrationAction:
    """The row as it is, and stays whatever happens afterwards."""
    db.session.rollback()
    action = db.session.get_one(IntegrationAction, action_id, populate_existing=True)
    db.session.expunge(action)
    return action


def deliveries() -> list[Operation]:
    """Every delivery that was asked for, oldest first."""
    db.session.rollback()
    query = select(Operation).where(Operation.kind == DELIVER_KIND).order_by(Operation.created_at)
    found = list(db.session.scalars(query))
    db.session.expunge_all()
    return found


def waits_are_over(connected: Connected) -> None:
    """As if the time had passed that rows, operations and channel were told to wait, and the clock had asked anew."""
    connected.waits_are_over()
    rows_are_due()
    with unit_of_work() as session:
        ask_delivery(session, connected.channel_id)


def rows_are_due() -> None:
    """As if the time between two attempts had passed."""
    with unit_of_work() as session:
        session.execute(text("UPDATE integration_action SET next_run_at = now() WHERE next_run_at > now()"))


def owns(told: Told, ownership: str) -> None:
    """Say who has the last word on addresses: owner, mirror or none."""
    with unit_of_work() as unit:
        statement = update(Channel).where(Channel.id == told.connected.channel_id)
        unit.execute(statement.values(address_ownership=ownership))


def change_street(told: Told, line1: str = NEW_STREET) -> None:
    """Staff give the order another street."""
    agent = staff(Role.AGENT, "Deniz Arslan")
    with unit_of_work() as unit:
        order = unit.get_one(Order, told.order_id)
        old = unit.get_one(Address, order.shipping_address_id)
        draft = AddressDraft(**{name: getattr(old, name) for name in ADDRESS_FIELDS})
        OrderService(unit).change_shipping_address(order, replace(draft, line1=line1), agent)
