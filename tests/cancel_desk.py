"""A desk that cancels and pays back for tests: an order whose money lies at the sandbox bank, staff, and a worker."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.order_drafts import draft, line, make_channel, payment, write
from tests.sandbox.running import BankServer
from tests.staff import make_staff
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.secrets import current_vault
from webapp.orders.cancellation import CancelItem, CancelRequest, ReasonChoice
from webapp.orders.enums import PlanKind
from webapp.orders.models import ApprovalLimit, CancellationReason, Order, OrderItem
from webapp.orders.service.cancellation.authority import Authority
from webapp.payments.models import GatewayAccount


@dataclass
class Desk:
    """What a test of cancelling stands on; ids only, so that nothing is stale."""

    channel: Channel
    reasons: dict[PlanKind, int]

    def authority(self, role: Role = Role.SUPERVISOR) -> Authority:
        """A new member of staff of that role."""
        staff = make_staff(role)
        context = AuditContext(origin=Origin.PAGE, staff_id=staff.id, actor=staff.name)
        return Authority.of_role(context, role)

    def reason(self, kind: PlanKind = PlanKind.CANCEL) -> ReasonChoice:
        """The active reason of that kind."""
        return ReasonChoice(self.reasons[kind], kind)

    def request(self, *item_ids: int, **fields: Any) -> CancelRequest:
        """Cancel these items, or all of the order."""
        reasons = (self.reason(PlanKind.CANCEL), self.reason(PlanKind.REFUND))
        items = tuple(CancelItem(item_id) for item_id in item_ids)
        return CancelRequest(items=items, is_all=not items, reasons=reasons, **fields)

    def work(self) -> int:
        """Do what a worker of the money queue would do now; how many operations ran."""
        with unit_of_work() as session:
            session.execute(text("UPDATE operation SET next_run_at = now() WHERE state = 'ready'"))
        return drain("money")


def make_desk(session: Session, bank: BankServer | None = None, limit: str = "100000") -> Desk:
    """A channel, a reason of each kind, limits for TRY, and an account at the bank."""
    channel = make_channel(session)
    reasons = {
        kind: CancellationReason(slug=f"{kind.value}-reason", name="Changed their mind", plan_kind=kind.value)
        for kind in PlanKind
    }
    session.add_all(reasons.values())
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        session.add(ApprovalLimit(role=role.value, currency="TRY", amount=Decimal(limit)))
    if bank is not None:
        account = GatewayAccount(name="stripe", gateway_type="stripe", base_url=f"{bank.url}/v1")
        account.credentials = current_vault().encrypt_fields({"secret_key": bank.key})
        session.add(account)
    session.commit()
    ids = {kind: reason.id for kind, reason in reasons.items()}
    session.refresh(channel)
    # A worker ends the session it shares with the test.
    session.expunge(channel)
    return Desk(channel, ids)


def paid_order(desk: Desk, bank: BankServer, *amounts: str, number: str = "1001", **fields: Any) -> int:
    """An order with one line per amount, paid at the bank through our own account; its id."""
    lines = tuple(line(str(at), amount) for at, amount in enumerate(amounts or ("100.00",), start=1))
    given = draft(number, items=lines, channel_id=desk.channel.id, **fields)
    ours = bank.pay(amount=int(given.amount * 100), currency="try")
    paid = replace(payment(str(given.amount)), holder="us", gateway="stripe", gateway_ref=ours["id"])
    result = write(desk.channel, replace(given, transactions=(paid,)))[0]
    assert result.order_id is not None, result.words
    return result.order_id


def items_of_order(order_id: int) -> list[OrderItem]:
    """Its items as the database has them now, by position and part."""
    db.session.rollback()
    query = select(OrderItem).where(OrderItem.order_id == order_id)
    return list(db.session.scalars(query.order_by(OrderItem.position, OrderItem.part)))


def order_now(order_id: int) -> Order:
    """The order as the database has it now."""
    db.session.rollback()
    return db.session.get_one(Order, order_id)
