"""Asking others about an order: its channel, its bank, its carrier. Workers ask; these answer 202."""

from flask import Response
from marshmallow import Schema

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Key
from webapp.api.paging import Json
from webapp.api.preconditions import answer_order, order_write
from webapp.api.resources.operations import accepted, operation_json
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.channels.service import ChannelService
from webapp.core.db import db
from webapp.orders.desk_serializers import told_payment_json
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service.labels import issue_labels
from webapp.payments.history import get_payment_history, newest_question, told_payments

resource = Resource("api_order_asking", __name__, description="Asking channel, bank and carrier")


class IssueLabel(Schema):
    """Which carrier; null or nothing: the order's own."""

    cargo_company = Key(allow_none=True, load_default=None)


@resource.post(f"/{PK}/refresh/")
@requires(Permission.CHANNELS_PULL)
@answers(202, "Operation", "The work; `Location` is where to ask how far it is.")
def refresh_order(pk: int) -> Response:
    """Read the order anew from its channel; one that is being read already is joined"""
    with order_write(pk) as session:
        operation, _ = ChannelService().refresh_order(session, pk, audit_context())
        return accepted(operation)


@resource.get(f"/{PK}/payment_history/")
@requires(Permission.ORDERS_VIEW)
@answers(
    200, "PaymentHistory", "The last answers, and the question that they belong to; none where nobody asked."
)
def get_order_payment_history(pk: int) -> Json:
    """What the banks said of the order's payments when they were last asked"""
    session = db.session()
    visible_order(session, pk, channel_scope())
    question = newest_question(session, pk)
    told = told_payments(question.result) if question is not None and question.result else ()
    return {
        "order": pk,
        "operation": None if question is None else operation_json(question),
        "payments": [told_payment_json(each) for each in told],
    }


@resource.post(f"/{PK}/payment_history/")
@requires(Permission.ORDERS_VIEW)
@answers(202, "Operation", "The work; GET tells the answers when it is done.")
def ask_payment_history(pk: int) -> Response:
    """Ask the banks about the order's payments; a question that is open already is joined"""
    with order_write(pk) as session:
        operation, _ = get_payment_history(session, pk, audit_context())
        return accepted(operation)


@resource.post(f"/{PK}/issue_label/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@resource.arguments(IssueLabel)
@answers(202, "OrderDetail", "The order; its `cargo_errands` tell what the carrier says.")
def issue_label(sent: Json, pk: int) -> Response:
    """Ask the carrier for labels for what has not left yet"""
    with order_write(pk) as session:
        issue_labels(session, pk, audit_context(), cargo_company_id=sent["cargo_company"])
    return answer_order(pk, 202)
