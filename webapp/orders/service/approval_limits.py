"""Up to which amount one person may approve what they opened themselves, for each role and currency."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import InvalidInput
from webapp.core.money import is_currency, parse_amount, quantise
from webapp.core.text import N_
from webapp.orders.models import ApprovalLimit

# Only these can approve at all.
APPROVERS = tuple(role for role in Role if Permission.CANCEL_APPROVE in ROLE_PERMISSIONS[role])

Limits = dict[tuple[Role, str], Decimal]


def approval_limits(session: Session) -> Limits:
    """Every limit that is set. A currency that a role has none for needs two people, whatever the amount."""
    rows = session.scalars(select(ApprovalLimit))
    return {(Role(row.role), row.currency): row.amount for row in rows}


def set_approval_limits(
    session: Session, context: AuditContext, currency: str, amounts: Mapping[Role, str]
) -> list[str]:
    """Set the limits of one currency as they were typed; an empty one takes the limit away. Returns the changed roles.

    Raises InvalidInput with a sentence for each field (the role's name) that is no amount of this currency.
    """
    if not is_currency(currency):
        raise InvalidInput(
            N_("There is no such currency."), fields={"currency": [N_("Choose a currency of the list.")]}
        )
    wanted = _parsed(currency, amounts)
    rows = session.scalars(
        select(ApprovalLimit)
        .where(ApprovalLimit.currency == currency)
        .order_by(ApprovalLimit.role)
        .with_for_update()
    )
    before = {Role(row.role): row for row in rows}
    changes: dict[str, list[str | None]] = {}
    for role, amount in wanted.items():
        row = before.get(role)
        old = row.amount if row is not None else None
        if old == amount:
            continue
        changes[role] = [_text(old, currency), _text(amount, currency)]
        _write(session, row, role, currency, amount)
    if changes:
        record(
            session, context, "approval_limit.changed", subject=("approval_limit", currency), changes=changes
        )
    return list(changes)


def _write(
    session: Session, row: ApprovalLimit | None, role: Role, currency: str, amount: Decimal | None
) -> None:
    if amount is None:
        session.delete(row)
    elif row is None:
        session.add(ApprovalLimit(role=role, currency=currency, amount=amount))
    else:
        row.amount, row.modified_at = amount, utc_now()


def _parsed(currency: str, amounts: Mapping[Role, str]) -> dict[Role, Decimal | None]:
    problems: dict[str, list[str]] = {}
    parsed: dict[Role, Decimal | None] = {}
    for role, typed in amounts.items():
        if role not in APPROVERS:
            raise ValueError(f"{role} approves nothing.")
        try:
            parsed[role] = parse_amount(typed, currency) if typed.strip() else None
        except InvalidInput as error:
            problems[role] = [error.message]
            continue
        if (parsed[role] or 0) < 0:
            problems[role] = [N_("Write an amount of 0 or more.")]
    if problems:
        raise InvalidInput(next(iter(problems.values()))[0], fields=problems)
    return parsed


def _text(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else str(quantise(amount, currency))
