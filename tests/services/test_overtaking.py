"""Somebody comes between another one's look and deed: with the lock nothing is harmed, and without it the harm is there.

`slow` has looked; `fast` then ends, or waits for what `slow` holds; `slow` goes on. No chance is in it, so once is enough.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.factories import make_cargo
from tests.racing import nothing_locks, overtake
from tests.second_step import App
from tests.staff import PASSWORD, make_staff
from webapp.auth import service
from webapp.auth.models import StaffSession, StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Role
from webapp.auth.signing_in import CodeAttempt, SignIn, enter_code, sign_in
from webapp.cargo.account_changes import ask_check
from webapp.cargo.accounts import connect_carrier, disconnect_carrier
from webapp.cargo.models import CargoAccount
from webapp.core.audit import SYSTEM, AuditContext, AuditEntry, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.hints import current_hints, drain
from webapp.orders.models import OrderExport, SavedView
from webapp.orders.queries.criteria import OrderFilter, Sort
from webapp.orders.service.exports import MOST_A_MINUTE, Wish, note_small_export
from webapp.orders.service.saved_views import Owner, ViewDraft, change_view, move_view, save_view

Outcomes = list[Any]
_NUMBERS = count()


class Deeds(NamedTuple):
    """What two do, and whether harm was done; asked with what became of both."""

    slow: Callable[[], Any]
    fast: Callable[[], Any]
    is_harmed: Callable[[Outcomes], bool]


class Guarded(NamedTuple):
    """`look` is in the statement of the slow one behind which the fast one comes."""

    prepare: Callable[[], Deeds]
    look: str


def _in_unit(deed: Callable[[Session], Any]) -> Callable[[], None]:
    def run() -> None:
        with unit_of_work() as unit:
            deed(unit)

    return run


def _signing_in_while_disabled() -> Deeds:
    staff = make_staff(Role.AGENT)
    return Deeds(
        _sign_in(staff),
        _in_unit(lambda unit: service.set_active(unit, SYSTEM, staff.id, active=False)),
        lambda _: _is_signed_in(staff),
    )


def _signing_in_while_the_password_changes() -> Deeds:
    staff = make_staff(Role.AGENT)
    new = "another row of plain words"
    return Deeds(
        _sign_in(staff),
        _in_unit(lambda unit: service.reset_password(unit, SYSTEM, staff.id, new=new)),
        lambda _: _is_signed_in(staff),
    )


def _entering_a_code_while_disabled() -> Deeds:
    """The session that waits and the person are written in another order than by who disables them."""
    staff = make_staff(Role.AGENT)
    telephone = App.of(staff.id)
    token = _sign_in(staff)()
    attempt = CodeAttempt(token, telephone.code(), "127.0.0.1", None)
    return Deeds(
        lambda: enter_code(attempt, SYSTEM),
        _in_unit(lambda unit: service.set_active(unit, SYSTEM, staff.id, active=False)),
        lambda outcomes: _is_signed_in(staff) or any(isinstance(each, OperationalError) for each in outcomes),
    )


def _sign_in(staff: StaffUser) -> Callable[[], str]:
    attempt = SignIn(staff.email, PASSWORD, "127.0.0.1", None)
    return lambda: sign_in(attempt, SYSTEM).token


def _is_signed_in(staff: StaffUser) -> bool:
    query = select(StaffSession.id).where(StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))
    return db.session.scalar(query) is not None


def _renaming() -> Deeds:
    staff = make_staff(Role.AGENT, name="Ece")

    def rename(name: str) -> Callable[[], None]:
        return _in_unit(
            lambda unit: service.update_profile(
                unit, SYSTEM, staff.id, name=name, language="en", time_zone="Europe/Istanbul"
            )
        )

    def is_no_chain(_: Outcomes) -> bool:
        query = select(AuditEntry.changes).where(AuditEntry.tag == "staff.profile_changed")
        return len({told["name"][0] for told in db.session.scalars(query)}) == 1

    return Deeds(rename("Ece Kaya"), rename("Ece Demir"), is_no_chain)


def _preferring() -> Deeds:
    staff = make_staff(Role.AGENT)

    def prefer(key: str) -> Callable[[], None]:
        return _in_unit(lambda unit: service.set_preference(unit, staff.id, key, ["number"]))

    def is_one_lost(_: Outcomes) -> bool:
        return set(db.session.get_one(StaffUser, staff.id).preferences) != {
            "orders.columns",
            "tracking.columns",
        }

    return Deeds(prefer("orders.columns"), prefer("tracking.columns"), is_one_lost)


def _connected() -> tuple[str, int]:
    with unit_of_work() as unit:
        company = make_cargo(unit, slug=f"swift-{next(_NUMBERS)}")
        _connect(unit, company.slug, "0")
        return company.slug, company.id


def _connect(unit: Session, slug: str, key: str) -> None:
    # Nobody listens there.
    address = f"http://127.0.0.1:9/{key}"
    connect_carrier(unit, slug, address, key, SYSTEM, settings=current_hints().settings)


def _connecting() -> Deeds:
    slug, company_id = _connected()
    return Deeds(
        _in_unit(lambda unit: _connect(unit, slug, "1")),
        _in_unit(lambda unit: _connect(unit, slug, "2")),
        # Two changes under one number: a form that was opened between them would overwrite the second.
        lambda _: _account(company_id).version < 3,
    )


def _disconnecting() -> Deeds:
    slug, _ = _connected()
    disconnect = _in_unit(lambda unit: disconnect_carrier(unit, slug, SYSTEM))
    return Deeds(disconnect, disconnect, lambda outcomes: outcomes == [None, None])


def _checking() -> Deeds:
    slug, company_id = _connected()
    with unit_of_work() as unit:
        ask_check(unit, company_id, SYSTEM)
    return Deeds(
        lambda: drain("files"),
        _in_unit(lambda unit: _connect(unit, slug, "1")),
        lambda _: _account(company_id).checked_at is not None,
    )


def _account(company_id: int) -> CargoAccount:
    return db.session.scalars(select(CargoAccount).where(CargoAccount.cargo_company_id == company_id)).one()


def _exporting() -> Deeds:
    staff = make_staff(Role.SUPERVISOR)
    context = AuditContext(Origin.PAGE, staff_id=staff.id, actor=staff.name)
    wish = Wish(OrderFilter(), Sort.of_word("-placed"), ["customer"], "csv")
    export = _in_unit(lambda unit: note_small_export(unit, wish, 1, context))
    for _ in range(MOST_A_MINUTE - 1):
        export()
    total = select(func.count()).select_from(OrderExport)
    return Deeds(export, export, lambda _: (db.session.scalar(total) or 0) > MOST_A_MINUTE)


def _owner() -> Owner:
    staff = make_staff(Role.SUPERVISOR)
    context = AuditContext(Origin.PAGE, staff_id=staff.id, actor=staff.name)
    return Owner(context, ROLE_PERMISSIONS[Role.SUPERVISOR])


def _views(*names: str) -> tuple[Owner, list[int]]:
    owner = _owner()
    with unit_of_work() as unit:
        return owner, [save_view(unit, ViewDraft(name, "", True), owner).id for name in names]


def _changing_a_view() -> Deeds:
    owner, (view_id,) = _views("Team")

    def change(name: str) -> Callable[[], None]:
        return _in_unit(
            lambda unit: change_view(unit, view_id, ViewDraft(name, None, True), owner, version=1)
        )

    return Deeds(change("Late"), change("Large"), lambda outcomes: outcomes == [None, None])


def _moving_views() -> Deeds:
    owner, (first, _, last) = _views("A", "B", "C")
    tabs = select(SavedView.name, SavedView.position).order_by(SavedView.position, SavedView.id)
    return Deeds(
        _in_unit(lambda unit: move_view(unit, last, owner, by=-1)),
        _in_unit(lambda unit: move_view(unit, first, owner, by=1)),
        lambda _: [tuple(row) for row in db.session.execute(tabs)] != [("C", 1), ("A", 2), ("B", 3)],
    )


KINDS = {
    "signing in, disabled meanwhile": Guarded(_signing_in_while_disabled, "WHERE staff_user.id ="),
    "signing in, new password meanwhile": Guarded(
        _signing_in_while_the_password_changes, "WHERE staff_user.id ="
    ),
    "entering a code, disabled meanwhile": Guarded(_entering_a_code_while_disabled, "UPDATE staff_session"),
    "renaming a person": Guarded(_renaming, "WHERE staff_user.id ="),
    "preferences of two areas": Guarded(_preferring, "WHERE staff_user.id ="),
    "connecting a carrier": Guarded(_connecting, "FROM cargo_account"),
    "disconnecting a carrier": Guarded(_disconnecting, "FROM cargo_account"),
    "testing a carrier, changed meanwhile": Guarded(_checking, "cargo_account.version ="),
    "exports in a minute": Guarded(_exporting, "FROM order_export"),
    "a shared view": Guarded(_changing_a_view, "saved_view.version"),
    "the order of tabs": Guarded(_moving_views, "ORDER BY saved_view.id"),
}


@pytest.fixture(autouse=True)
def _empty(session: Session) -> Iterator[None]:
    """Every case begins on empty tables."""
    yield


@pytest.mark.parametrize("name", KINDS)
def test_somebody_when_they_come_between_then_nothing_is_harmed(app: Flask, name: str) -> None:
    outcomes, is_harmed = _come_between(app, name)
    assert not is_harmed, outcomes


@pytest.mark.parametrize("name", KINDS)
def test_control_when_nothing_locks_then_the_harm_is_there(app: Flask, name: str) -> None:
    with nothing_locks():
        outcomes, is_harmed = _come_between(app, name)
    assert is_harmed, outcomes


def _come_between(app: Flask, name: str) -> tuple[Outcomes, bool]:
    deeds = KINDS[name].prepare()
    db.session.rollback()
    outcomes = overtake(app, deeds.slow, deeds.fast, KINDS[name].look)
    db.session.rollback()
    assert not any(isinstance(each, AssertionError) for each in outcomes), outcomes
    return outcomes, deeds.is_harmed(outcomes)
