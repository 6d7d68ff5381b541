"""`/api/v1/refunds/`: what went back or is to go back. Workers make refunds; what only a person knows of one is said here."""

import uuid
from datetime import datetime
from typing import Any, Final

from flask import Response, jsonify, url_for
from marshmallow import Schema

from webapp.api.blueprint import Resource, answers
from webapp.api.fields import Text, Word, Words
from webapp.api.listing import OfOrder, listed
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.db import db, unit_of_work
from webapp.core.paging import Ordering
from webapp.orders.enums import RefundState, RefundWay
from webapp.orders.money_serializers import refund_json
from webapp.orders.queries import collection as queries
from webapp.orders.service.refunds.manual import ask_now, settle_by_hand, try_again
from webapp.orders.service.refunds.transferred import name_payee, return_transfer
from webapp.orders.views.acting import authority, money_act

resource = Resource("api_refunds", __name__, description="Refunds")
_NEWEST: Final = Ordering(queries.REFUND_ORDER)
_FOUND_OUT: Final = (RefundState.SUCCEEDED, RefundState.DECLINED)


class RefundQuery(OfOrder):
    """Which refunds."""

    state = Words(RefundState)


class AnotherTry(Schema):
    """The same way as before, or another; a bank transfer needs its account."""

    way = Word(RefundWay, only=(RefundWay.TRANSFER, RefundWay.LOYALTY), allow_none=True, load_default=None)
    iban = Text(most=60, load_default="")
    holder_name = Text(most=140, load_default="")


class Evidence(Schema):
    """What happened to money that a person moved, and by what it can be found again."""

    state = Word(RefundState, only=_FOUND_OUT, required=True)
    evidence = Text(
        most=1_000, required=True, metadata={"description": "The bank's or the till's reference."}
    )


class PayeeAccount(Schema):
    """Where a waiting transfer goes."""

    iban = Text(most=60, required=True)
    holder_name = Text(most=140, required=True)


class BankSaid(Schema):
    """Why the bank did not pay a transfer, or sent it back."""

    words = Text(most=1_000, required=True)


@resource.get("/")
@requires(Permission.ORDERS_VIEW)
@resource.arguments(RefundQuery, location="query")
@answers(200, "RefundPage", "One page of the refunds that match.")
def list_refunds(wanted: Json) -> Json:
    """Refunds, the newest first

    `?state=manual` are those that a person pays: say what came of one at `evidence`.
    """
    states = [state.value for state in wanted.get("state", ())]
    statement = queries.refunds(channel_scope(), order_id=wanted.get("order"), states=states)
    return listed(
        wanted,
        statement,
        _NEWEST,
        lambda rows: [refund_json(row) for (row,) in rows],
        kinds=(datetime, uuid.UUID),
        place=lambda row: (row[0].created_at, str(row[0].id)),
    )


@resource.get("/<uuid:pk>/")
@requires(Permission.ORDERS_VIEW)
@answers(200, "Refund", "The refund.")
def get_refund(pk: uuid.UUID) -> Json:
    """One refund"""
    return refund_json(_visible(pk))


@resource.post("/<uuid:pk>/check/")
@requires(Permission.ORDERS_VIEW)
@answers(202, "Refund", "The refund as it still is; its gateway is asked.")
def check_refund(pk: uuid.UUID) -> tuple[Json, int]:
    """Ask the gateway at once instead of at the next time"""
    _visible(pk)
    with unit_of_work() as session:
        ask_now(session, pk, audit_context())
    return refund_json(_visible(pk)), 202


@resource.post("/<uuid:pk>/retry/")
@requires(Permission.CANCEL_APPROVE)
@resource.arguments(AnotherTry)
@answers(201, "Refund", "The new refund; `Location` is where it stands.")
def retry_refund(sent: Json, pk: uuid.UUID) -> Response:
    """Try a refund again that was declined, the same way or another: a new one takes its place"""
    with money_act("refund.tried_again", *_subject(pk)) as session:
        again = try_again(session, pk, authority(), **sent).id
    response = jsonify(refund_json(_visible(again)))
    response.status_code = 201
    response.headers["Location"] = url_for("api_refunds.get_refund", pk=again)
    return response


@resource.post("/<uuid:pk>/evidence/")
@requires(Permission.REFUND_MANUAL)
@resource.arguments(Evidence)
@answers(200, "Refund", "The refund as it then is.")
def enter_evidence(sent: Json, pk: uuid.UUID) -> Json:
    """Book what a person has paid back, or found out, with the evidence

    For a refund whose `state` is `manual`. One that lies in a transfer batch is settled by its batch.
    """
    with money_act(f"refund.{sent['state'].value}", *_subject(pk)) as session:
        settle_by_hand(session, pk, authority(), state=sent["state"], evidence=sent["evidence"])
    return refund_json(_visible(pk))


@resource.post("/<uuid:pk>/payee/")
@requires(Permission.REFUND_MANUAL)
@resource.arguments(PayeeAccount)
@answers(200, "Refund", "The refund; where its money goes to is not told.")
def enter_payee(sent: Json, pk: uuid.UUID) -> Json:
    """Say to which account a waiting transfer goes"""
    with money_act("refund.payee_named", *_subject(pk)) as session:
        name_payee(session, pk, authority(), iban=sent["iban"], holder_name=sent["holder_name"])
    return refund_json(_visible(pk))


@resource.post("/<uuid:pk>/returned/")
@requires(Permission.REFUND_MANUAL)
@resource.arguments(BankSaid)
@answers(200, "Refund", "The refund, declined; it can be tried again.")
def enter_returned(sent: Json, pk: uuid.UUID) -> Json:
    """Say that the bank did not pay a transfer, or that it came back"""
    with money_act("refund.returned", *_subject(pk)) as session:
        return_transfer(session, pk, authority(), words=sent["words"])
    return refund_json(_visible(pk))


def _subject(pk: uuid.UUID) -> tuple[tuple[str, uuid.UUID], int]:
    """What a refused act is kept under. Raises NotFound."""
    order_id: int = _visible(pk).order_id
    return ("refund", pk), order_id


def _visible(pk: uuid.UUID) -> Any:
    return queries.one(db.session(), queries.refunds(channel_scope()), queries.REFUND_ORDER[1], pk)
