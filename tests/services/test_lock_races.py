"""Two people at one moment on everything that a lock of its own guards: one wins and the other is told, or both count.

Each race has its control: without row locks, and with both having read before either writes, both win. What orders
are locked for is raced beside each deed; docs/locks.md lists them all.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.cancelling import staff
from tests.factories import make_cargo
from tests.order_drafts import make_channel
from tests.racing import race, without_row_locks
from tests.staff import make_staff
from tests.webhooks.hearing import subscribe
from webapp.auth.roles import Permission, Role
from webapp.auth.tokens import NewToken, create_token, revoke_token
from webapp.cargo.account_changes import AccountChange, change_account, switch_account
from webapp.cargo.accounts import connect_carrier
from webapp.cargo.service import CARGO_COMPANY
from webapp.channels.inputs import ChangeChannel
from webapp.channels.setup import changed_channel
from webapp.core import reference
from webapp.core.audit import SYSTEM, AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict
from webapp.core.hints import current_hints
from webapp.core.operations import NewOperation, Operation, Queue, create
from webapp.core.reach import Reach
from webapp.core.second_tries import retry
from webapp.core.secrets import current_vault
from webapp.events.names import EventName
from webapp.orders.service.approval_limits import set_approval_limits
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.refunds.reconcile import close_break
from webapp.payments.account_setup import ChangeAccount, NewAccount, new_account
from webapp.payments.account_setup import change_account as change_gateway
from webapp.payments.models import ReconciliationBreak
from webapp.webhooks.subscriptions import WebhookService, Wish

Job = Callable[[int], Any]
TURNS = 5
_NUMBERS = count()


class Guarded(NamedTuple):
    """`prepare` sets up and gives what person 0 and person 1 do; `read` is in the statement they both decide upon."""

    prepare: Callable[[], Job]
    read: str
    code: str = "stale_form"


def _channel() -> Job:
    with unit_of_work() as unit:
        key = make_channel(unit, name=f"Shop {next(_NUMBERS)}").id

    def change(who: int) -> None:
        with unit_of_work() as unit:
            changed_channel(unit, key, ChangeChannel(version=1, pull_minutes=10 + who), SYSTEM)

    return change


def _carrier() -> Job:
    key = _connected()

    def change(who: int) -> None:
        with unit_of_work() as unit:
            wanted = AccountChange(1, f"https://carrier.example/{who}")
            change_account(unit, key, wanted, SYSTEM, settings=current_hints().settings)

    return change


def _switching() -> Job:
    key = _connected()

    def switch(_who: int) -> None:
        with unit_of_work() as unit:
            switch_account(unit, key, SYSTEM, on=False)

    return switch


def _connected() -> int:
    with unit_of_work() as unit:
        company = make_cargo(unit, slug=f"swift-{next(_NUMBERS)}")
        settings = current_hints().settings
        connect_carrier(unit, company.slug, "https://carrier.example", "key", SYSTEM, settings=settings)
        return company.id


def _gateway() -> Job:
    with unit_of_work() as unit:
        name = f"stripe-{next(_NUMBERS)}"
        new_account(
            unit, NewAccount(name, "stripe", "http://127.0.0.1:9/v1", {"secret_key": "sk_planted"}), SYSTEM
        )

    def change(who: int) -> None:
        with unit_of_work() as unit:
            change_gateway(unit, name, ChangeAccount(1, base_url=f"http://127.0.0.1:9/v{who + 2}"), SYSTEM)

    return change


def _webhook() -> Job:
    key, _ = subscribe()

    def change(who: int) -> None:
        with unit_of_work() as unit:
            service = WebhookService(unit, SYSTEM, current_vault(), Reach(allow_private=True))
            wish = Wish(f"http://127.0.0.1:9/{who}", (EventName.ORDER_CREATED,), ())
            service.change(key, wish, version=1)

    return change


def _second_chance() -> Job:
    with unit_of_work() as unit:
        new = NewOperation(
            kind="channel.check", queue=Queue.CHANNELS, dedupe_key=str(next(_NUMBERS)), args={}
        )
        operation, _ = create(unit, new)
        key = operation.id
        unit.execute(update(Operation).where(Operation.id == key).values(state="dead"))

    def again(_who: int) -> None:
        with unit_of_work() as unit:
            retry(unit, key)

    return again


def _key() -> Job:
    owner = make_staff(Role.ADMINISTRATOR).id
    with unit_of_work() as unit:
        _, key = create_token(unit, SYSTEM, owner, NewToken("ERP", frozenset({Permission.ORDERS_VIEW})))

    def revoke(_who: int) -> None:
        with unit_of_work() as unit:
            if not revoke_token(unit, SYSTEM, key):
                raise Conflict("It was revoked already.", code="revoked")

    return revoke


def _difference() -> Job:
    by = Authority.of_role(staff(Role.FINANCE, "Deniz Aydın"), Role.FINANCE)
    with unit_of_work() as unit:
        found = ReconciliationBreak(gateway="stripe", kind="amount", subject=f"re_{next(_NUMBERS)}")
        unit.add(found)
        unit.flush()
        key = found.id

    def close(_who: int) -> None:
        with unit_of_work() as unit:
            close_break(unit, key, by, words="Ours")

    return close


ONE_WINS = {
    "API key": Guarded(_key, "FROM api_token", "revoked"),
    "difference with the bank": Guarded(_difference, "FROM reconciliation_break", "already_closed"),
    "channel": Guarded(_channel, "FROM channel"),
    "carrier": Guarded(_carrier, "FROM cargo_account"),
    "switching a carrier off": Guarded(_switching, "FROM cargo_account", "already_switched"),
    "payment account": Guarded(_gateway, "FROM gateway_account", "conflict"),
    "webhook": Guarded(_webhook, "FROM webhook_subscription"),
    "given-up operation": Guarded(_second_chance, "FROM operation", "conflict"),
}


@pytest.fixture(autouse=True)
def _empty(session: Session) -> Iterator[None]:
    """Every race begins on empty tables."""
    yield


@pytest.mark.parametrize("name", ONE_WINS)
def test_two_who_change_the_same_then_one_wins_and_the_other_is_refused(app: Flask, name: str) -> None:
    for _ in range(TURNS):
        job = ONE_WINS[name].prepare()
        outcomes = race(app, [lambda job=job: job(0), lambda job=job: job(1)])
        lost = [each for each in outcomes if each is not None]
        assert len(lost) == 1, outcomes
        assert isinstance(lost[0], Conflict)
        assert lost[0].error_code == ONE_WINS[name].code


@pytest.mark.parametrize("name", ONE_WINS)
def test_control_when_no_row_is_locked_then_both_win(app: Flask, name: str) -> None:
    job = ONE_WINS[name].prepare()
    with without_row_locks(ONE_WINS[name].read):
        assert race(app, [lambda: job(0), lambda: job(1)]) == [None, None]


def _carrier_names() -> tuple[Job, str]:
    with unit_of_work() as unit:
        key = make_cargo(unit, slug=f"swift-{next(_NUMBERS)}", name="First").id

    def rename(who: int) -> None:
        with unit_of_work() as unit:
            reference.update(unit, SYSTEM, CARGO_COMPANY, key, {"name": f"Name {who}"})

    return rename, "name"


def _limits() -> tuple[Job, str]:
    with unit_of_work() as unit:
        set_approval_limits(unit, SYSTEM, "TRY", {Role.SUPERVISOR: "1", Role.ADMINISTRATOR: ""})

    def limit(who: int) -> None:
        with unit_of_work() as unit:
            wanted = {Role.SUPERVISOR: str(100 + who), Role.ADMINISTRATOR: ""}
            set_approval_limits(unit, SYSTEM, "TRY", wanted)

    return limit, "supervisor"


BOTH_COUNT = {
    "reference data": (_carrier_names, "FROM cargo_company"),
    "approval limits": (_limits, "FROM approval_limit"),
}


@pytest.mark.parametrize("name", BOTH_COUNT)
def test_two_who_set_the_same_then_the_log_is_a_chain(app: Flask, session: Session, name: str) -> None:
    """Who comes second finds what the first one wrote, so old and new values fit each other."""
    job, column = BOTH_COUNT[name][0]()
    assert race(app, [lambda: job(0), lambda: job(1)]) == [None, None]
    first, second = _changes(column)
    assert second[0] == first[1]


@pytest.mark.parametrize("name", BOTH_COUNT)
def test_control_when_no_row_is_locked_then_the_log_tells_an_old_value_twice(
    app: Flask, session: Session, name: str
) -> None:
    job, column = BOTH_COUNT[name][0]()
    with without_row_locks(BOTH_COUNT[name][1]):
        assert race(app, [lambda: job(0), lambda: job(1)]) == [None, None]
    first, second = _changes(column)
    assert second[0] == first[0]


def _changes(column: str) -> list[Any]:
    db.session.rollback()
    query = select(AuditEntry.changes).order_by(AuditEntry.id.desc()).limit(2)
    return [changes[column] for changes in reversed(db.session.scalars(query).all())]
