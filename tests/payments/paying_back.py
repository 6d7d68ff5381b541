"""Orders paid in different ways, and the steps from opening a plan to the money being back."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from tests.cancel_desk import Desk
from tests.order_drafts import draft, line, payment, write
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.secrets import current_vault
from webapp.orders.service.cancellation.deciding import approved_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.payments.models import GatewayAccount, Refund
from webapp.verification import verify


def add_iyzico(bank: BankServer, *, quiet_s: int = 1) -> None:
    """An account at the iyzico-shaped door, of whose reports we believe that they are complete after that long."""
    secrets = {"api_key": bank.iyzico_key, "secret_key": bank.iyzico_secret}
    with unit_of_work() as session:
        account = GatewayAccount(name="iyzico", gateway_type="iyzico", base_url=bank.url)
        account.conf = {"processing_delay_s": str(quiet_s)}
        account.credentials = current_vault().encrypt_fields(secrets)
        session.add(account)


def write_order(desk: Desk, amounts: tuple[str, ...], number: str = "1001", **paid: Any) -> int:
    """An order with one line per amount and one payment held by us; its id."""
    lines = tuple(line(str(at), amount) for at, amount in enumerate(amounts, start=1))
    given = draft(number, items=lines, channel_id=desk.channel.id)
    tender = replace(payment(str(given.amount)), **{"holder": "us", **paid})
    result = write(desk.channel, replace(given, transactions=(tender,)))[0]
    assert result.order_id is not None, result.words
    return result.order_id


def paid_at_iyzico(
    desk: Desk, bank: BankServer, *amounts: str, at: datetime | None = None, number: str = "1001"
) -> tuple[int, dict[str, Any]]:
    """An order paid at iyzico at that time (now), whose basket has the lines of the order; its id and the payment."""
    at = at or datetime.now(UTC)
    items = [
        {"id": str(n), "weight": int(Decimal(amount) * 100)} for n, amount in enumerate(amounts, start=1)
    ]
    total = sum(Decimal(amount) for amount in amounts)
    paid = bank.pay(amount=int(total * 100), dialect="iyzico", items=items, created=at.timestamp())
    order_id = write_order(desk, amounts, number, gateway="iyzico", gateway_ref=paid["id"], paid_at=at)
    return order_id, paid


def reserved_at_stripe(
    desk: Desk, bank: BankServer, *amounts: str, number: str = "1001"
) -> tuple[int, dict[str, Any]]:
    """An order whose money is only reserved on the card; its id and the payment."""
    total = sum(Decimal(amount) for amount in amounts)
    paid = bank.pay(amount=int(total * 100), status="requires_capture")
    order_id = write_order(
        desk,
        amounts,
        number,
        gateway="stripe",
        gateway_ref=paid["id"],
        authorised_amount=total,
        captured_amount=Decimal(0),
    )
    return order_id, paid


def open_plan(desk: Desk, order_id: int, *items: int, **fields: Any) -> int:
    """A plan for these items, or all; its id."""
    agent = desk.authority(Role.AGENT)
    with unit_of_work() as unit:
        return open_plans(unit, order_id, desk.request(*items, **fields), agent).plans[0].id


def approve(desk: Desk, order_id: int) -> None:
    """By another person than the opener."""
    supervisor = desk.authority()
    with unit_of_work() as unit:
        assert approved_order_cancel(unit, order_id, supervisor).is_approved


def refunds_now() -> list[Refund]:
    """All refunds as the database has them now, oldest first."""
    db.session.rollback()
    found = list(db.session.scalars(select(Refund).order_by(Refund.created_at, Refund.gateway_item)))
    for refund in found:
        db.session.expunge(refund)
    return found


def breaks() -> list[str]:
    """What `kontor verify` says."""
    db.session.rollback()
    with db.engine.connect() as connection:
        return [f"{each.check}: {each.words}" for each in verify(connection, stuck_after_s=60)]
