"""`/api/v1/integration_actions/`: what channels are told, and going on with what one could not be told."""

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.orders.desk_serializers import message_json
from webapp.orders.enums import ActionState
from webapp.orders.queries import beside
from webapp.orders.queries.collection import by_id, one
from webapp.orders.service import IntegrationActionService

resource = Resource("api_integration_actions", __name__, description="Messages to channels")


class MessageQuery(OfOrder):
    """Which messages."""

    state = Words(ActionState)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(MessageQuery, location="query")
@answers(200, "IntegrationActionPage", "One page of the messages that match.")
def list_integration_actions(wanted: Json) -> Json:
    """What channels are told, the newest first

    `?state=given_up,unsupported` are those that only a person can go on with.
    """
    states = [state.value for state in wanted.get("state", ())]
    return listed(
        wanted,
        beside.messages(channel_scope(), order_id=wanted.get("order"), states=states),
        by_id(beside.MESSAGE_ID),
        lambda rows: [message_json(row) for (row,) in rows],
    )


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "IntegrationAction", "The message.")
def get_integration_action(pk: int) -> Json:
    """One message to a channel"""
    return _message(pk)


@resource.post(f"/{PK}/send_again/")
@requires(Permission.OPERATIONS_RETRY)
@answers(202, "IntegrationAction", "The message, waiting to be sent.")
def send_again(pk: int) -> tuple[Json, int]:
    """Tell the channel again, from the first attempt"""
    _message(pk)
    with unit_of_work() as session:
        IntegrationActionService(session).send_again(pk, audit_context())
    return _message(pk), 202


@resource.post(f"/{PK}/done_by_hand/")
@requires(Permission.ORDERS_CHANGE_STATUS)
@answers(200, "IntegrationAction", "The message, which is sent no more.")
def done_by_hand(pk: int) -> Json:
    """Note that somebody did at the channel what it could not be told"""
    _message(pk)
    with unit_of_work() as session:
        IntegrationActionService(session).done_by_hand(pk, audit_context())
    return _message(pk)


def _message(pk: int) -> Json:
    return message_json(one(db.session(), beside.messages(channel_scope()), beside.MESSAGE_ID, pk))
