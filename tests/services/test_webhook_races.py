"""A courier that finds nothing left, and an event that comes at that moment: one of them sees the other."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.servers import wait_until
from tests.webhooks.hearing import states, subscribe
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation, OperationRun, Queue, claim, create
from webapp.core.secrets import current_vault
from webapp.core.settings import Settings
from webapp.events.announcing import News, announce
from webapp.events.models import WebhookSubscription
from webapp.events.names import EventName
from webapp.webhooks import delivering, spreading
from webapp.webhooks.delivering import next_parcel
from webapp.webhooks.spreading import DELIVER_KIND, deliver, spread_some


@pytest.fixture
def courier(session: Session) -> OperationRun:
    """A courier at work for a subscription for which nothing waits, and an event that is not spread yet."""
    subscription_id, _ = subscribe()
    with unit_of_work() as unit:
        create(unit, deliver(subscription_id))
        run = claim(unit, Queue.WEBHOOKS, lease_s=600, kinds=[DELIVER_KIND])
        assert run is not None
        announce(unit, [News(EventName.ORDER_UPDATED, 1, 1, "1", {"order": {"pk": 1}})])
    return run


def test_event_when_the_courier_is_just_leaving_then_another_one_comes(
    app: Flask, courier: OperationRun
) -> None:
    _meet(app, courier, until=_somebody_waits)

    assert states() == ["waiting"]
    assert _open_couriers() == 1


def test_control_when_nobody_holds_the_subscription_then_the_delivery_has_no_courier(
    app: Flask, courier: OperationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "_locked", _without_its_row)
    monkeypatch.setattr(spreading, "select", _select_without_lock)

    _meet(app, courier, until=None)

    assert states() == ["waiting"]
    assert _open_couriers() == 0


def _meet(app: Flask, courier: OperationRun, *, until: Callable[[], object] | None) -> None:
    """The courier has looked and not yet committed its end, when the event is spread."""
    settings: Settings = app.extensions["kontor_settings"]
    spreader = threading.Thread(target=_spread, args=(app,))
    with unit_of_work() as unit:
        assert next_parcel(unit, courier, current_vault(), settings.timing) is None
        spreader.start()
        if until is None:
            spreader.join(30)
            assert not spreader.is_alive()
        else:
            wait_until(until, what="the spreader to wait for the courier")
    spreader.join(30)
    assert not spreader.is_alive()


def _spread(app: Flask) -> None:
    with app.app_context():
        with unit_of_work() as unit:
            spread_some(unit)
        db.session.remove()


def _somebody_waits() -> bool:
    with db.engine.connect() as connection:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(connection.execute(waiting).scalar())


def _without_its_row(session: Session, run: OperationRun) -> WebhookSubscription | None:
    return session.get(WebhookSubscription, int(run.args["subscription_id"]))


def _select_without_lock(*columns: object) -> object:
    class Unlocked:
        """`select` whose `with_for_update` locks nothing."""

        def __init__(self, query: object) -> None:
            self.query = query

        def order_by(self, *by: object) -> "Unlocked":
            return Unlocked(self.query.order_by(*by))  # type: ignore[attr-defined]

        def with_for_update(self, **_options: object) -> object:
            return self.query

    return Unlocked(select(*columns))  # type: ignore[call-overload]


def _open_couriers() -> int:
    db.session.rollback()
    kinds = select(Operation.id).where(
        Operation.kind == DELIVER_KIND, Operation.state.in_(["ready", "leased"])
    )
    return len(db.session.scalars(kinds).all())
