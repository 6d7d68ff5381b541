"""Cancelling and paying back, by the reference's endpoints; each answers the order as it then is."""

from flask import Response, jsonify

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.cancel_inputs import Approve, Cancel, Reject, UpdateCancelStatus, given_reasons, wishes
from webapp.api.paging import Json
from webapp.api.preconditions import answer_order, order_act
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.core.errors import InvalidInput
from webapp.orders.money_serializers import diagnosis_json
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service.cancellation.asking import as_request
from webapp.orders.service.cancellation.deciding import approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.opening import diagnose, open_plans
from webapp.orders.service.cancellation.refusals import FiguresChanged
from webapp.orders.service.cancellation.statuses import came_back, update_cancel_status
from webapp.orders.views.acting import authority

resource = Resource("api_order_cancelling", __name__, description="Cancelling orders and paying back")


@resource.post(f"/{PK}/cancel/")
@requires(Permission.CANCEL_OPEN)
@resource.arguments(Cancel)
@answers(200, "OrderOrDiagnosis", "The order with its new plans; with `diagnose` what they would be.")
def cancel(sent: Json, pk: int) -> Response:
    """Open the cancellation plans of one action, or only say what they would come to"""
    if sent["diagnose"]:
        return _diagnosed(sent, pk)
    with order_act("cancellation_plan.opened", pk) as session:
        request = as_request(session, given_reasons(sent), wishes(sent))
        open_plans(session, pk, request, authority(), refund_invoice_number=sent["refund_invoice_number"])
    return answer_order(pk)


@resource.post(f"/{PK}/cancellation_approved_order/")
@requires(Permission.CANCEL_APPROVE)
@resource.arguments(Approve)
@answers(200, "OrderDetail", "The order; its refunds are made by workers.")
def cancellation_approved_order(sent: Json, pk: int) -> Response:
    """Approve the order's open cancellation

    When its figures have changed since it was opened, the plan waits again with the new ones and the answer is a 409
    with the code `figures_changed` and the `changes`.
    """
    with order_act("cancellation_plan.approved", pk) as session:
        approval = approved_order_cancel(
            session,
            pk,
            authority(),
            invoice_number=sent["invoice_number"],
            plan_id=sent["cancellation_plan"],
        )
        changes = [
            {"figure": each.figure, "before": str(each.opened_with), "now": str(each.now)}
            for each in approval.changes
        ]
    if changes:
        raise FiguresChanged(
            "The figures have changed since the plan was opened. Look at them, then approve again.",
            details={"changes": changes},
        )
    return answer_order(pk)


@resource.post(f"/{PK}/cancellation_reject_order/")
@requires(Permission.CANCEL_APPROVE)
@resource.arguments(Reject)
@answers(200, "OrderDetail", "The order with its items where they were before.")
def cancellation_reject_order(sent: Json, pk: int) -> Response:
    """Reject the order's open cancellation; its items go back to their statuses"""
    with order_act("cancellation_plan.rejected", pk) as session:
        reject_order_cancel(session, pk, authority(), words=sent["words"], plan_id=sent["cancellation_plan"])
    return answer_order(pk)


@resource.post(f"/{PK}/update_cancel_status/")
@requires(Permission.CANCEL_OPEN)
@resource.arguments(UpdateCancelStatus)
@answers(200, "OrderDetail", "The order as it then is.")
def change_cancel_status(sent: Json, pk: int) -> Response:
    """Move the plan of these items to a status, by the rules of that status"""
    return _moved(sent, pk)


@resource.post(f"/{PK}/update_cance_status/")
@requires(Permission.CANCEL_OPEN)
@resource.arguments(UpdateCancelStatus)
@answers(200, "OrderDetail", "The order as it then is.")
def change_cance_status(sent: Json, pk: int) -> Response:
    """The same as `update_cancel_status`, as the reference spells it"""
    return _moved(sent, pk)


def _diagnosed(sent: Json, pk: int) -> Response:
    session = db.session()
    order = visible_order(session, pk, channel_scope())
    draft = diagnose(session, order, as_request(session, given_reasons(sent), wishes(sent)))
    return jsonify(diagnosis_json(draft, order.currency))


def _moved(sent: Json, pk: int) -> Response:
    if sent["order"] is not None and sent["order"] != pk:
        words = "The address names another order."
        raise InvalidInput(words, fields={"order": [words]})
    with order_act(f"cancellation_plan.{sent['cancel_status'].value}", pk) as session:
        plans = update_cancel_status(
            session, pk, sent["order_items"], sent["cancel_status"], authority(), words=sent["words"]
        )
        changed = came_back(plans, sent["cancel_status"])
    if changed:
        raise changed
    return answer_order(pk)
