"""The settings page of approval limits: up to which amount one person may approve what they opened themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.permissions import Permission, audit_context, requires
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.core.money import quantise
from webapp.orders.models import Order
from webapp.orders.service.approval_limits import APPROVERS, Limits, approval_limits, set_approval_limits
from webapp.ui.htmx import redirect, toast
from webapp.ui.i18n import reader_zone

# The newest orders name every currency that matters; a million older ones need not be read for it.
ORDERS_LOOKED_AT = 5000

blueprint = Blueprint("approval_limits", __name__, url_prefix="/settings/approval-limits")


@dataclass(frozen=True)
class Cell:
    """One amount: of a role, in the row's currency, as it is or as it was typed."""

    role: Role
    value: str
    error: str | None = None

    @property
    def name(self) -> str:
        """What the form calls it."""
        return f"amount_{self.role.value}"


@dataclass(frozen=True)
class Row:
    """One currency; `seen` is what the page was drawn from."""

    currency: str
    cells: tuple[Cell, ...]
    seen: str = ""


@dataclass(frozen=True)
class Typed:
    """What came in: one currency's amounts by role."""

    currency: str
    amounts: Mapping[Role, str]

    def row(self, seen: str, errors: Mapping[str, list[str]]) -> Row:
        """The row as it was typed, with a sentence beside what cannot be taken."""
        cells = (
            Cell(role, text, next(iter(errors.get(role, [])), None)) for role, text in self.amounts.items()
        )
        return Row(self.currency, tuple(cells), seen)


@blueprint.get("/")
@requires(Permission.SETTINGS_LIMITS)
def index() -> Response:
    """Every currency in use, with the limits of each role that may approve."""
    return _page(_rows(db.session()))


@blueprint.post("/")
@requires(Permission.SETTINGS_LIMITS)
def save() -> Response:
    """Set one currency's limits; what cannot be taken comes back as it was typed, with a sentence beside it."""
    typed = Typed(
        request.form.get("currency", "").strip().upper(),
        {role: request.form.get(Cell(role, "").name, "") for role in APPROVERS},
    )
    rows = _rows(db.session())
    now = _seen(rows, typed.currency)
    if request.form.get("seen", now) != now:
        told = _who_changed(db.session(), typed.currency)
        return _page(_with(rows, typed.row(now, {})), problem=told, status=409)
    try:
        with unit_of_work() as session:
            set_approval_limits(session, audit_context(), typed.currency, typed.amounts)
    except InvalidInput as refused:
        problem, mine = gettext(refused.message), typed.row(now, refused.fields)
        if "currency" in refused.fields:
            return _page(rows, new=mine, problem=problem, status=refused.status)
        return _page(_with(rows, mine), problem=problem, status=refused.status)
    told = gettext("The limits of %(currency)s were saved.", currency=typed.currency)
    return toast(redirect(url_for(".index")), told)


def _who_changed(session: Session, currency: str) -> str:
    """Who changed which limits and when, since the page was drawn."""
    entry = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_type == "approval_limit", AuditEntry.subject_id == currency)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    if entry is None:
        return str(
            gettext(
                "Somebody has just changed the limits of %(currency)s. Compare, and save again.",
                currency=currency,
            )
        )
    changes = ", ".join(
        f"{gettext(Role(role).label)}: {old or '—'} → {new or '—'}"
        for role, (old, new) in entry.changes.items()
    )
    told: str = gettext(
        "%(who)s changed the limits of %(currency)s at %(time)s (%(changes)s). Compare, and save again.",
        who=entry.actor,
        currency=currency,
        time=entry.at.astimezone(reader_zone()).strftime("%H:%M"),
        changes=changes,
    )
    return told


def _page(
    rows: Sequence[Row], *, new: Row | None = None, problem: str | None = None, status: int = 200
) -> Response:
    context: dict[str, Any] = {
        "rows": rows,
        "new": new or Row("", tuple(Cell(role, "") for role in APPROVERS)),
        "roles": APPROVERS,
        "problem": problem,
        "alone": _approvers(db.session()) < 2,
    }
    return make_response(render_template("settings/approval_limits.html", **context), status)


def _rows(session: Session) -> list[Row]:
    limits = approval_limits(session)
    currencies = {currency for _, currency in limits} | _in_use(session)
    rows = []
    for currency in sorted(currencies):
        cells = tuple(Cell(role, _shown(limits, role, currency)) for role in APPROVERS)
        rows.append(Row(currency, cells, _fingerprint(cells)))
    return rows


def _with(rows: Sequence[Row], typed: Row) -> list[Row]:
    """The rows with this one in its place."""
    others = [row for row in rows if row.currency != typed.currency]
    return sorted([*others, typed], key=lambda row: row.currency)


def _seen(rows: Sequence[Row], currency: str) -> str:
    empty = _fingerprint([Cell(role, "") for role in APPROVERS])
    return next((row.seen for row in rows if row.currency == currency), empty)


def _fingerprint(cells: Sequence[Cell]) -> str:
    return "/".join(cell.value for cell in cells)


def _shown(limits: Limits, role: Role, currency: str) -> str:
    amount = limits.get((role, currency))
    return "" if amount is None else str(quantise(amount, currency))


def _in_use(session: Session) -> set[str]:
    newest = (
        select(Order.currency)
        .order_by(Order.date_placed.desc(), Order.id.desc())
        .limit(ORDERS_LOOKED_AT)
        .subquery()
    )
    return set(session.scalars(select(newest.c.currency).distinct()))


def _approvers(session: Session) -> int:
    """How many people could be the second person."""
    query = (
        select(func.count()).select_from(StaffUser).where(StaffUser.is_active, StaffUser.role.in_(APPROVERS))
    )
    return session.scalar(query) or 0
