"""`/api/v1/cancellation_plans/`."""

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.cancel_inputs import PlanChange
from webapp.api.fields import Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.orders.enums import CancelStatus
from webapp.orders.money_serializers import cancellation_plan_json
from webapp.orders.queries import collection as queries
from webapp.orders.service.cancellation.statuses import came_back, update_cancellation_plan
from webapp.orders.views.acting import authority, money_act

resource = Resource("api_cancellation_plans", __name__, description="Cancellation plans")


class PlanQuery(OfOrder):
    """Which plans."""

    status = Words(CancelStatus)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(PlanQuery, location="query")
@answers(200, "CancellationPlanPage", "One page of the plans that match.")
def list_cancellation_plans(wanted: Json) -> Json:
    """Cancellation plans, the newest first"""
    session = db.session()
    statuses = [status.value for status in wanted.get("status", ())]
    statement = queries.plans(channel_scope(), order_id=wanted.get("order"), statuses=statuses)
    return listed(
        wanted,
        statement,
        queries.by_id(queries.PLAN_ID),
        lambda rows: [
            cancellation_plan_json(plan) for plan in queries.with_items(session, [row[0] for row in rows])
        ],
    )


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "CancellationPlan", "The plan.")
def get_cancellation_plan(pk: int) -> Json:
    """One cancellation plan with its items"""
    return _plan(pk)


@resource.patch(f"/{PK}/")
@requires(Permission.CANCEL_OPEN)
@resource.arguments(PlanChange)
@answers(200, "CancellationPlan", "The plan as it then is.")
def change_cancellation_plan(sent: Json, pk: int) -> Json:
    """Move a plan to a status, with the others of its action, or write its refund invoice number"""
    order_id = queries.one(db.session(), queries.plans(channel_scope()), queries.PLAN_ID, pk).order_id
    with money_act("cancellation_plan.edited", ("cancellation_plan", pk), order_id) as session:
        plan = update_cancellation_plan(session, pk, authority(), **sent)
        changed = came_back([plan], sent["cancel_status"])
    if changed:
        raise changed
    return _plan(pk)


def _plan(pk: int) -> Json:
    session = db.session()
    row = queries.one(session, queries.plans(channel_scope()), queries.PLAN_ID, pk)
    return cancellation_plan_json(queries.with_items(session, [row])[0])
