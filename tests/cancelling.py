"""Cancelling through `OrderService`, as a test says it: who, which order, what; each in a unit of work of its own."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk
from tests.order_drafts import draft, line, payment, write
from tests.staff import make_staff
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import Base, db, unit_of_work
from webapp.orders.enums import PlanKind
from webapp.orders.inputs import ItemDraft, TransactionDraft
from webapp.orders.models import (
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    CancellationRequest,
    IntegrationAction,
    Order,
    OrderItem,
)
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation.asking import GivenReason
from webapp.orders.service.cancellation.deciding import Approval
from webapp.orders.service.cancellation.opening import OpenedPlans
from webapp.orders.service.standing import restate
from webapp.payments.models import GatewayAccount, Payee, Refund

GOOD_IBAN = "TR330006100519786457841326"
OTHER_IBAN = "DE89370400440532013000"
# What a cancellation may write; a diagnosis leaves all of it as it was.
WRITTEN = (
    Order,
    OrderItem,
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    CancellationRequest,
    IntegrationAction,
    Refund,
    Payee,
    AuditEntry,
)


@dataclass
class Counter:
    """A desk whose money lies at an account that nobody asks: for all that comes before the bank.

    The agent opens, the supervisor approves and forces amounts, finance enters what was paid by hand.
    """

    desk: Desk
    agent: AuditContext
    supervisor: AuditContext
    finance: AuditContext

    @classmethod
    def open(cls, session: Session, limit: str = "100000") -> "Counter":
        """On empty tables, with an account named stripe."""
        desk = make_desk(session, limit=limit)
        session.add(GatewayAccount(name="stripe", gateway_type="stripe", base_url="https://bank.example/v1"))
        session.commit()
        return cls(
            desk,
            agent=staff(Role.AGENT, "Deniz Arslan"),
            supervisor=staff(Role.SUPERVISOR, "Selin Koç"),
            finance=staff(Role.FINANCE, "Murat Yıldız"),
        )

    @property
    def reasons(self) -> list[GivenReason]:
        """One for each kind of plan."""
        return [GivenReason(reason_id) for reason_id in self.desk.reasons.values()]

    def reason(self, kind: PlanKind = PlanKind.CANCEL, text: str = "") -> GivenReason:
        """The reason of that kind for every row."""
        return GivenReason(self.desk.reasons[kind], text)

    def order(
        self, *amounts: str, number: str = "1001", tenders: tuple[TransactionDraft, ...] = (), **fields: Any
    ) -> int:
        """An order of one line per amount, paid with one card of ours unless told otherwise; its id."""
        lines = tuple(line(str(at), amount) for at, amount in enumerate(amounts or ("100.00",), start=1))
        return self.order_of(lines, number=number, tenders=tenders, **fields)

    def order_of(
        self,
        lines: tuple[ItemDraft, ...],
        *,
        number: str = "1001",
        tenders: tuple[TransactionDraft, ...] = (),
        **fields: Any,
    ) -> int:
        """An order of these lines; its id."""
        given = draft(number, items=lines, channel_id=self.desk.channel.id, **fields)
        result = write(self.desk.channel, replace(given, transactions=tenders or (card(str(given.amount)),)))[
            0
        ]
        assert result.order_id is not None, result.words
        return result.order_id

    def cancel(
        self, order_id: int, *items: int, by: AuditContext | None = None, **wishes: Any
    ) -> OpenedPlans:
        """Open a plan for these items, or for all; `reasons` default to one of each kind."""
        if items:
            wishes["cancel_items"] = dict.fromkeys(items)
        elif "cancel_items" not in wishes:
            wishes.setdefault("is_all", True)
        reasons = wishes.pop("reasons", self.reasons)
        context = by or self.agent
        with unit_of_work() as unit:
            return OrderService(unit).cancel_order(unit.get_one(Order, order_id), reasons, context, **wishes)

    def approve(self, order_id: int, *, by: AuditContext | None = None, **named: Any) -> Approval:
        """Approve the open action."""
        context = by or self.supervisor
        with unit_of_work() as unit:
            order = unit.get_one(Order, order_id)
            return OrderService(unit).approved_order_cancel(
                order, named.pop("invoice", None), context, **named
            )

    def reject(self, order_id: int, *, by: AuditContext | None = None, **named: Any) -> None:
        """Reject the open action."""
        context = by or self.supervisor
        with unit_of_work() as unit:
            OrderService(unit).reject_order_cancel(unit.get_one(Order, order_id), context, **named)


def staff(role: Role, name: str) -> AuditContext:
    """Somebody new of that role, at a page."""
    made = make_staff(role, name=name)
    return AuditContext(origin=Origin.PAGE, staff_id=made.id, actor=made.name)


def card(amount: str, **fields: Any) -> TransactionDraft:
    """A captured card payment whose money is with us."""
    given = {"holder": "us", "gateway": "stripe", "gateway_ref": f"pi_{fields.get('remote_id', 'payment')}"}
    return replace(payment(amount), **{**given, **fields})


def ship(order_id: int, *items: int, status: int = 500) -> None:
    """These items, or all, have left."""
    with unit_of_work() as unit:
        moved = update(OrderItem).where(OrderItem.order_id == order_id)
        if items:
            moved = moved.where(OrderItem.id.in_(items))
        unit.execute(moved.values(status=status))
        restate(unit, unit.get_one(Order, order_id))


def plans_of(order_id: int) -> list[CancellationPlan]:
    """Its plans as the database has them now, oldest first."""
    db.session.rollback()
    db.session.expire_all()
    query = select(CancellationPlan).where(CancellationPlan.order_id == order_id)
    return list(db.session.scalars(query.order_by(CancellationPlan.id)))


def lines_of(plan_id: int) -> list[CancellationPlanItem]:
    """The plan's rows by item."""
    query = select(CancellationPlanItem).where(CancellationPlanItem.plan_id == plan_id)
    return list(db.session.scalars(query.order_by(CancellationPlanItem.order_item_id)))


def tenders_of(plan_id: int) -> list[tuple[str, Decimal]]:
    """How the plan pays back: way and amount, by payment."""
    query = select(CancellationPlanTender).where(CancellationPlanTender.plan_id == plan_id)
    rows = db.session.scalars(
        query.order_by(CancellationPlanTender.transaction_id, CancellationPlanTender.id)
    )
    return [(row.way, row.amount) for row in rows]


def refunds_of(order_id: int) -> list[Refund]:
    """Its refunds as the database has them now."""
    db.session.rollback()
    query = select(Refund).where(Refund.order_id == order_id)
    return list(db.session.scalars(query.order_by(Refund.created_at, Refund.amount)))


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Everything a cancellation could write, as it stands."""
    db.session.rollback()
    tables = [cast(Any, model).__table__ for model in WRITTEN]
    return {
        table.name: [tuple(row) for row in db.session.execute(select(table).order_by(*table.primary_key))]
        for table in tables
    }


def count(model: type[Base]) -> int:
    """How many rows the table has."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0
