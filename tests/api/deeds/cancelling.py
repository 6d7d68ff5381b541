"""Cancelling and deciding, by both faces."""

from decimal import Decimal
from typing import Any

from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.api.deeds.stage import Ask, Deed, Stage, given
from tests.order_drafts import with_status, write
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import CancelStatus, OrderStatus
from webapp.orders.models import ApprovalLimit, CancellationPlan, Order
from webapp.orders.service import OrderService

_ORDER = "api_order_cancelling"
_WISH = "api_cancellation_requests"


def cancel_form(stage: Stage, order_id: int, **fields: str) -> TestResponse:
    """The cancel dialog with everything ticked."""
    ticked = {f"items-{item}": "y" for item in stage.items(order_id)}
    ticked |= {f"{word}-{item}": "" for item in stage.items(order_id) for word in ("reason", "reason_text")}
    reason = {"reason_cancel": str(stage.reason()), "fallback": "transfer"}
    return stage.form(order_id, "cancel", **{**ticked, **reason, **fields})


def cancel_body(stage: Stage, order_id: int, **fields: Any) -> TestResponse:
    """The same for the API."""
    return stage.post(
        order_id, "cancel", **{"is_all": True, "reasons": [{"reason": stage.reason()}], **fields}
    )


def opened(stage: Stage, order_id: int) -> None:
    stage.counter.cancel(order_id)


def opened_by_oneself_above_the_limit(stage: Stage, order_id: int) -> None:
    with unit_of_work() as unit:
        unit.execute(update(ApprovalLimit).values(amount=Decimal(10)))
    stage.counter.cancel(order_id, by=stage.person)


def approved(stage: Stage, order_id: int) -> None:
    opened(stage, order_id)
    stage.counter.approve(order_id)


def being_checked(stage: Stage, order_id: int) -> None:
    opened(stage, order_id)
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        OrderService(unit).update_cancel_status(
            order, [], CancelStatus.CONFIRMATION_WAITING, stage.counter.supervisor
        )


def wished(stage: Stage, order_id: int) -> None:
    order = db.session.get(Order, order_id)
    assert order is not None
    write(stage.counter.desk.channel, with_status(given(order.number), OrderStatus.CANCELLED, "cancelled"))


def wished_and_rejected(stage: Stage, order_id: int) -> None:
    wished(stage, order_id)
    answer = decided("reject", words="It is on its way")["page"](stage, order_id)
    assert answer.status_code < 400, answer.text


def decided(decision: str, **words: str) -> dict[str, Any]:
    """A wish, approved, confirmed or rejected."""

    def page(stage: Stage, order_id: int) -> TestResponse:
        wish = stage.wish(order_id)
        typed = {f"wish-{wish.id}": "y", f"version-{wish.id}": str(wish.version), **words}
        typed |= {"decision": decision, "reason_cancel": str(stage.reason())}
        return stage.press(f"/cancellations/requests/{order_id}", **typed)

    def api(stage: Stage, order_id: int) -> TestResponse:
        body: dict[str, Any] = dict(words)
        if decision == "approve":
            body["reasons"] = [{"reason": stage.reason()}]
        return stage.program.post(f"/cancellation_requests/{stage.wish(order_id).id}/{decision}/", body)

    return {"endpoint": f"{_WISH}.{decision}_cancellation_request", "page": page, "api": api}


def on_plan(page: str, api: str, **words: str) -> dict[str, Any]:
    """The order's plan, decided."""

    def by_api(stage: Stage, order_id: int) -> TestResponse:
        return stage.post(order_id, api, cancellation_plan=stage.plan(order_id), **words)

    return {"endpoint": f"{_ORDER}.{api}", "page": plan_page(page, **words), "api": by_api}


def plan_page(deed: str, **words: str) -> Ask:
    """A button of the plan on the order's page."""

    def press(stage: Stage, order_id: int) -> TestResponse:
        plan = db.session.get(CancellationPlan, stage.plan(order_id))
        assert plan is not None
        return stage.form(order_id, f"plans/{plan.id}/{deed}", **{**words, "version": str(plan.version)})

    return press


def confirmed_at(path: str) -> Ask:
    return lambda stage, order_id: stage.post(order_id, path, cancel_status="confirmed")


def plan_changed(**body: Any) -> Ask:
    return lambda stage, order_id: stage.program.patch(f"/cancellation_plans/{stage.plan(order_id)}/", body)


_CANCEL = f"{_ORDER}.cancel"
_PLAN = "api_cancellation_plans.change_cancellation_plan"
_APPROVE = on_plan("approve", "cancellation_approved_order")
CANCELLING = [
    Deed("cancel", _CANCEL, cancel_form, cancel_body),
    Deed(
        "cancel everything and force an amount",
        _CANCEL,
        lambda s, o: cancel_form(s, o, forced_refund_amount="10.00", adjustment_reason="Goodwill"),
        lambda s, o: cancel_body(s, o, forced_refund_amount="10.00", adjustment_reason="Goodwill"),
    ),
    Deed(
        "cancel without a reason",
        _CANCEL,
        lambda s, o: cancel_form(s, o, reason_cancel=""),
        lambda s, o: cancel_body(s, o, reasons=[]),
        refused=422,
    ),
    Deed("cancel what a plan holds already", _CANCEL, cancel_form, cancel_body, before=opened, refused=422),
    Deed("approve", **_APPROVE, before=opened),
    Deed("approve twice", **_APPROVE, before=approved, refused=409),
    Deed(
        "approve what one has opened above one's limit",
        **_APPROVE,
        before=opened_by_oneself_above_the_limit,
        refused=403,
    ),
    Deed("reject", **on_plan("reject", "cancellation_reject_order", words="Shipped already"), before=opened),
    Deed(
        "reject what is approved and on its way",
        **on_plan("reject", "cancellation_reject_order", words="Shipped already"),
        before=approved,
        refused=409,
    ),
    Deed(
        "note that a plan was checked",
        f"{_ORDER}.change_cancel_status",
        plan_page("confirm"),
        confirmed_at("update_cancel_status"),
        before=being_checked,
    ),
    Deed(
        "note it by the reference's spelling",
        f"{_ORDER}.change_cance_status",
        plan_page("confirm"),
        confirmed_at("update_cance_status"),
        before=being_checked,
    ),
    Deed(
        "note that nothing was to be checked of an approved plan",
        f"{_ORDER}.change_cancel_status",
        plan_page("confirm"),
        confirmed_at("update_cancel_status"),
        before=approved,
        refused=409,
    ),
    Deed(
        "note at the plan that it was checked",
        _PLAN,
        plan_page("confirm"),
        plan_changed(cancel_status="confirmed"),
        before=being_checked,
    ),
    Deed(
        "reject at the plan",
        _PLAN,
        plan_page("reject", words="Shipped already"),
        plan_changed(cancel_status="rejected", words="Shipped already"),
        before=opened,
    ),
    Deed("approve a wish", **decided("approve"), before=wished),
    Deed("check a wish", **decided("confirm"), before=wished),
    Deed("reject a wish", **decided("reject", words="It is on its way"), before=wished),
    Deed("reject a wish without words", **decided("reject", words=""), before=wished, refused=422),
    Deed("approve a rejected wish", **decided("approve"), before=wished_and_rejected, refused=409),
]
