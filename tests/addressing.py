"""Changing addresses as a test says it: an order in Kadıköy, staff who change it, a carrier over the wire, a worker."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.cancelling import staff
from tests.factories import make_cargo
from tests.order_drafts import HOME, draft, line, make_channel, write
from tests.sandbox.running import CarrierServer
from webapp.auth.roles import Role
from webapp.cargo.models import CargoAccount, CargoErrand
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, AuditEntry, AuditPersonal, in_one
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.secrets import current_vault
from webapp.customers.models import Address
from webapp.orders.addresses import Side
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import AddressChange, Attention, IntegrationAction, Order, OrderItem
from webapp.orders.service import OrderService
from webapp.orders.service.addresses import Changed
from webapp.orders.service.labels import issue_labels
from webapp.orders.service.standing import restate

NEW = replace(HOME, line1="Bağdat Cad. 118/4", postcode="34728", country="")
OTHER = replace(HOME, line1="Caferağa Mah. 5", country="")
NUMBER = "SX000000001TR"


@dataclass
class AddressDesk:
    """An agent who may change addresses and a supervisor who may also redirect."""

    channel: Channel
    agent: AuditContext
    supervisor: AuditContext
    cargo_id: int

    @classmethod
    def open(
        cls, session: Session, carrier: CarrierServer | None = None, ownership: str = "mirror"
    ) -> "AddressDesk":
        """On empty tables; with a carrier, its account is connected."""
        return cls.beside(session, make_channel(session, address_ownership=ownership), carrier)

    @classmethod
    def beside(
        cls, session: Session, channel: Channel, carrier: CarrierServer | None = None
    ) -> "AddressDesk":
        """For a channel that is there."""
        cargo = make_cargo(session)
        if carrier is not None:
            key = current_vault().encrypt_fields({"api_key": carrier.key})
            session.add(
                CargoAccount(
                    cargo_company_id=cargo.id,
                    account_type="parcel_api",
                    base_url=carrier.url,
                    credentials=key,
                )
            )
        session.commit()
        cargo_id = cargo.id
        if channel in session:
            session.refresh(channel)
            session.expunge(channel)
        return cls(channel, staff(Role.AGENT, "Deniz Arslan"), staff(Role.SUPERVISOR, "Selin Koç"), cargo_id)

    def order(self, *statuses: int, number: str = "1001", **fields: Any) -> int:
        """An order with an item of each status, approved unless said otherwise, for our carrier; its id."""
        codes: Sequence[int] = statuses or (400,)
        lines = tuple(line(str(at)) for at, _ in enumerate(codes, start=1))
        (result,) = write(self.channel, draft(number, items=lines, channel_id=self.channel.id, **fields))
        assert result.order_id is not None, result.words
        with unit_of_work() as unit:
            unit.execute(
                update(Order).where(Order.id == result.order_id).values(cargo_company_id=self.cargo_id)
            )
        self.stand(result.order_id, *codes)
        return result.order_id

    def stand(self, order_id: int, *statuses: int, **columns: Any) -> None:
        """Put the items to these statuses, as if they had come that way."""
        with unit_of_work() as unit:
            items = unit.scalars(
                select(OrderItem).where(OrderItem.order_id == order_id).order_by(OrderItem.position)
            ).all()
            for item, status in zip(items, statuses, strict=True):
                item.status_before_cancel = 400 if status == 50 else None
                item.status = status
                for name, value in columns.items():
                    setattr(item, name, value)
            restate(unit, unit.get_one(Order, order_id))

    def labelled(self, order_id: int, cargo_id: int | None = None) -> str:
        """Have a label issued over the wire; its number."""
        with unit_of_work() as unit:
            issue_labels(unit, order_id, self.agent, cargo_company_id=cargo_id)
        self.work()
        return order_now(order_id).tracking_number or ""

    def change(
        self,
        order_id: int,
        address: AddressDraft = NEW,
        *,
        side: Side = Side.SHIPPING,
        by: AuditContext | None = None,
        version: int | None = None,
    ) -> Changed:
        """As a page does it."""
        with unit_of_work() as unit:
            service, order = OrderService(unit), unit.get_one(Order, order_id)
            act = service.change_shipping_address if side is Side.SHIPPING else service.change_billing_address
            return act(order, address, by or self.agent, version=version)

    def work(self) -> int:
        """What a worker of the queue would do now; how many operations ran."""
        with unit_of_work() as session:
            session.execute(text("UPDATE operation SET next_run_at = now() WHERE state = 'ready'"))
        return drain("files")


def order_now(order_id: int) -> Order:
    db.session.rollback()
    return db.session.get_one(Order, order_id, populate_existing=True)


def street(order_id: int, side: Side = Side.SHIPPING) -> str:
    """Which street the order goes to now."""
    order = order_now(order_id)
    key = order.shipping_address_id if side is Side.SHIPPING else order.billing_address_id
    return db.session.get_one(Address, key).line1


def raised(order_id: int) -> list[str]:
    """What somebody must look at."""
    db.session.rollback()
    query = select(Attention.kind).where(Attention.order_id == order_id, Attention.closed_at.is_(None))
    return sorted(db.session.scalars(query))


def told(order_id: int) -> list[dict[str, Any]]:
    """What the channel is to be told about addresses."""
    db.session.rollback()
    query = select(IntegrationAction).where(
        IntegrationAction.order_id == order_id, IntegrationAction.kind == "address"
    )
    return [action.args for action in db.session.scalars(query.order_by(IntegrationAction.id))]


def errands(order_id: int) -> list[tuple[str, str]]:
    """(kind, state) of what carriers were asked, in order."""
    db.session.rollback()
    query = select(CargoErrand.kind, CargoErrand.state).where(CargoErrand.order_id == order_id)
    return [(kind, state) for kind, state in db.session.execute(query.order_by(CargoErrand.id))]


def changes(order_id: int) -> list[tuple[str, str]]:
    """(way, state) of the order's pending and ended changes."""
    db.session.rollback()
    query = select(AddressChange.way, AddressChange.state).where(AddressChange.order_id == order_id)
    return [(way, state) for way, state in db.session.execute(query.order_by(AddressChange.id))]


def said(order_id: int, tag: str = "order.address.changed") -> list[tuple[str, dict[str, Any]]]:
    """(sentence, difference) of the order's entries with this tag."""
    db.session.rollback()
    query = (
        select(AuditEntry.summary, AuditPersonal.words, AuditPersonal.changes)
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .where(AuditEntry.order_id == order_id, AuditEntry.tag == tag)
        .order_by(AuditEntry.id)
    )
    return [
        (in_one(summary, words), personal or {}) for summary, words, personal in db.session.execute(query)
    ]
