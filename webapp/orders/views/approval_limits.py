"""The settings page of approval limits: up to which amount one person may approve what they opened themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.permissions import Permission, audit_context, requires
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.core.money import quantise
from webapp.orders.models import Order
from webapp.orders.service.approval_limits import APPROVERS, Limits, approval_limits, set_approval_limits
from webapp.ui.htmx import redirect, toast

# The newest orders name every currency that matters; a million older ones need not be read for it.
ORDERS_LOOKED_AT = 5000

blueprint = Blueprint("approval_limits", __name__, url_prefix="/settings/approval-limits")


@dataclass(frozen=True)
class Cell:
    """One amount: of a role, in the row's currency, as it is or as it was typed."""

    role: Role
    name: str
    value: str
    error: str | None = None


@dataclass(frozen=True)
class Row:
    """One currency; `seen` is what the page was drawn from."""

    currency: str
    cells: tuple[Cell, ...]
    seen: str


@blueprint.get("/")
@requires(Permission.SETTINGS_LIMITS)
def index() -> Response:
    """Every currency in use, with the limits of each role that may approve."""
    return _page(_rows(db.session()), None, 200)


@blueprint.post("/")
@requires(Permission.SETTINGS_LIMITS)
def save() -> Response:
    """Set one currency's limits; what cannot be taken comes back as it was typed, with a sentence beside it."""
    currency = request.form.get("currency", "").strip().upper()
    typed = {role: request.form.get(f"amount_{role.value}", "") for role in APPROVERS}
    limits = approval_limits(db.session())
    seen = request.form.get("seen")
    if seen is not None and seen != _seen(limits, currency):
        told = gettext(
            "Somebody has just changed the limits of %(currency)s. Compare, and save again.",
            currency=currency,
        )
        return _page(_rows(db.session(), currency, typed, {}), told, 409)
    try:
        with unit_of_work() as session:
            set_approval_limits(session, audit_context(), currency, typed)
    except InvalidInput as refused:
        return _page(
            _rows(db.session(), currency, typed, refused.fields), gettext(refused.message), refused.status
        )
    told = gettext("The limits of %(currency)s were saved.", currency=currency)
    return toast(redirect(url_for(".index")), told)


def _page(rows: list[Row], problem: str | None, status: int) -> Response:
    context: dict[str, Any] = {
        "rows": rows,
        "roles": APPROVERS,
        "problem": problem,
        "alone": _approvers(db.session()) < 2,
        "new_cells": [Cell(role, f"amount_{role.value}", "") for role in APPROVERS],
    }
    return make_response(render_template("settings/approval_limits.html", **context), status)


def _rows(
    session: Session,
    typed_currency: str = "",
    typed: Mapping[Role, str] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> list[Row]:
    limits = approval_limits(session)
    currencies = {currency for _, currency in limits} | _in_use(session)
    if typed_currency and not (errors or {}).get("currency"):
        currencies.add(typed_currency)
    rows = []
    for currency in sorted(currencies):
        mine = (typed or {}) if currency == typed_currency else {}
        cells = tuple(
            Cell(
                role=role,
                name=f"amount_{role.value}",
                value=mine.get(role, _shown(limits, role, currency)),
                error=next(iter((errors or {}).get(role, [])), None) if mine else None,
            )
            for role in APPROVERS
        )
        rows.append(Row(currency, cells, _seen(limits, currency)))
    return rows


def _shown(limits: Limits, role: Role, currency: str) -> str:
    amount = limits.get((role, currency))
    return "" if amount is None else str(quantise(amount, currency))


def _seen(limits: Limits, currency: str) -> str:
    return "/".join(_shown(limits, role, currency) for role in APPROVERS)


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
