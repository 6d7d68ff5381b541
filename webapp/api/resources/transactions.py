"""`/api/v1/transactions/`: payments, read only."""

from webapp.api.blueprint import PK, Resource, answers
from webapp.api.fields import Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.orders.enums import TenderKind
from webapp.orders.money_serializers import transaction_json
from webapp.orders.queries import collection as queries

resource = Resource("api_transactions", __name__, description="Payments")


class TransactionQuery(OfOrder):
    """Which payments."""

    kind = Words(TenderKind)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(TransactionQuery, location="query")
@answers(200, "TransactionPage", "One page of the payments that match.")
def list_transactions(wanted: Json) -> Json:
    """Payments with their refunds, the newest first"""
    scope, session = channel_scope(), db.session()
    kinds = [kind.value for kind in wanted.get("kind", ())]
    statement = queries.transactions(scope, order_id=wanted.get("order"), kinds=kinds)
    return listed(
        wanted,
        statement,
        queries.by_id(queries.TRANSACTION_ID),
        lambda rows: [transaction_json(each) for each in queries.payments(session, [row[0] for row in rows])],
    )


@resource.get(f"/{PK}/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "Transaction", "The payment.")
def get_transaction(pk: int) -> Json:
    """One payment with its refunds"""
    session = db.session()
    row = queries.one(session, queries.transactions(channel_scope()), queries.TRANSACTION_ID, pk)
    return transaction_json(queries.payments(session, [row])[0])
