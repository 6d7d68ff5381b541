"""The banner of an open plan: who sees what, deciding it, and that a refusal moves nothing."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import Desk, items_of_order, make_desk, order_now
from tests.order_drafts import draft, line, write
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.orders.models import CancellationPlan
from webapp.orders.service.cancellation.opening import open_plans

HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


@pytest.fixture
def order_id(desk: Desk) -> int:
    given = draft("1001", items=(line("1", "60.00"), line("2", "40.00")), channel_id=desk.channel.id)
    order_id = write(desk.channel, given)[0].order_id
    assert order_id is not None
    agent = desk.authority(Role.AGENT)
    with unit_of_work() as unit:
        open_plans(unit, order_id, desk.request(items_of_order(order_id)[0].id), agent)
    return order_id


def plan_now() -> CancellationPlan:
    db.session.rollback()
    return db.session.scalars(select(CancellationPlan)).one()


def test_the_order_page_when_a_plan_is_open_then_asks_for_its_banner(app: Flask, order_id: int) -> None:
    page = at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}")
    assert f'hx-get="/orders/{order_id}/plans"' in page.text


def test_the_banner_when_a_supervisor_looks_then_offers_both_decisions(app: Flask, order_id: int) -> None:
    banner = at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}/plans", headers=HTMX)
    assert banner.status_code == 200
    assert "Cancellation plan waiting for approval" in banner.text
    assert "Approve refund" in banner.text
    assert "Reject…" in banner.text


def test_the_banner_when_an_agent_looks_then_offers_neither(app: Flask, order_id: int) -> None:
    banner = at_desk(app, Role.AGENT).get(f"/orders/{order_id}/plans", headers=HTMX)
    assert "Cancellation plan waiting for approval" in banner.text
    assert "Approve" not in banner.text
    assert "Reject…" not in banner.text


def test_the_banner_without_a_script_then_stands_on_a_page_of_its_own(app: Flask, order_id: int) -> None:
    page = at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}/plans")
    assert "<html" in page.text
    assert "Approve refund" in page.text


def test_approve_when_another_person_decides_then_items_end_and_the_refund_waits(
    app: Flask, order_id: int
) -> None:
    supervisor = at_desk(app, Role.SUPERVISOR)
    answer = _approve(supervisor, order_id)
    assert answer.status_code == 204
    assert [item.status for item in items_of_order(order_id)] == [100, 400]
    assert plan_now().status == "approved"
    assert order_now(order_id).partially_cancelled


def test_approve_when_somebody_was_faster_then_409_names_them_and_the_attempt_is_kept(
    app: Flask, order_id: int
) -> None:
    version = plan_now().version
    _approve(at_desk(app, Role.SUPERVISOR), order_id, version)
    late = _approve(at_desk(app, Role.ADMINISTRATOR), order_id, version)
    assert late.status_code == 409
    assert "has approved this plan" in late.text
    says_who_what_when(late.text, "Selin Koç", "has approved this plan")
    assert _refused_attempts() == ["cancellation_plan.approved"]


def test_reject_when_a_reason_is_given_then_every_item_is_back(app: Flask, order_id: int) -> None:
    supervisor = at_desk(app, Role.SUPERVISOR)
    url = f"/orders/{order_id}/plans/{plan_now().id}/reject"
    form = {"csrf_token": supervisor.token, "version": str(plan_now().version), "words": "They keep it."}
    assert supervisor.post(url, data=form, headers=HTMX).status_code == 204
    assert [item.status for item in items_of_order(order_id)] == [400, 400]
    assert plan_now().decision_words == "They keep it."


def test_reject_without_a_reason_then_422_and_nothing_moves(app: Flask, order_id: int) -> None:
    supervisor = at_desk(app, Role.SUPERVISOR)
    url = f"/orders/{order_id}/plans/{plan_now().id}/reject"
    form = {"csrf_token": supervisor.token, "version": str(plan_now().version), "words": " "}
    answer = supervisor.post(url, data=form, headers=HTMX)
    assert answer.status_code == 422
    assert "Say why" in answer.text
    assert plan_now().status == "waiting"


def test_a_plan_when_the_reader_may_not_see_its_channel_then_404(app: Flask, order_id: int) -> None:
    stranger = at_desk(app, Role.SUPERVISOR, channels=[])
    assert stranger.get(f"/orders/{order_id}/plans").status_code == 404
    assert _approve(stranger, order_id).status_code == 404
    assert plan_now().status == "waiting"


def _approve(client: StaffClient, order_id: int, version: int | None = None):  # type: ignore[no-untyped-def]
    plan = plan_now()
    form = {"csrf_token": client.token, "version": str(version or plan.version)}
    return client.post(f"/orders/{order_id}/plans/{plan.id}/approve", data=form, headers=HTMX)


def _refused_attempts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.tag).where(AuditEntry.refused)))
