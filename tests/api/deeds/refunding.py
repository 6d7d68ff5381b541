"""What only a person knows of a refund, by both faces."""

import uuid
from typing import Any

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from tests.api.deeds.cancelling import approved
from tests.api.deeds.stage import Ask, Deed, Stage
from tests.cancelling import GOOD_IBAN
from webapp.core.db import db, unit_of_work
from webapp.payments.models import Refund, TransferBatch

_REFUNDS = "api_refunds"


def refund_of(order_id: int) -> uuid.UUID:
    """The order's first refund."""
    db.session.rollback()
    query = select(Refund.id).where(Refund.order_id == order_id).order_by(Refund.created_at).limit(1)
    return db.session.scalars(query).one()


def _now(order_id: int, state: str, way: str, **columns: Any) -> None:
    values = ", ".join(f"{name} = :{name}" for name in columns)
    with unit_of_work() as unit:
        unit.execute(
            text(
                "UPDATE refund SET state = :state, way = :way, gateway = NULL"
                f"{', ' if values else ''}{values} WHERE order_id = :order"
            ),
            {"state": state, "way": way, "order": order_id, **columns},
        )


def by_hand(stage: Stage, order_id: int) -> None:
    """At a till."""
    approved(stage, order_id)
    _now(order_id, "manual", "store")


def by_transfer(stage: Stage, order_id: int) -> None:
    approved(stage, order_id)
    _now(order_id, "manual", "transfer")


def at_the_bank(stage: Stage, order_id: int) -> None:
    """In a batch whose file the bank has; both orders' transfers lie in the same one."""
    by_transfer(stage, order_id)
    with unit_of_work() as unit:
        batch = unit.scalars(select(TransferBatch)).one_or_none()
        if batch is None:
            batch = TransferBatch(reference="KT-1", currency="TRY", state="exported")
            unit.add(batch)
            unit.flush()
        batch_id = batch.id
    _now(order_id, "manual", "transfer", transfer_batch_id=batch_id)


def declined(stage: Stage, order_id: int) -> None:
    approved(stage, order_id)
    _now(order_id, "declined", "store")


def sending(stage: Stage, order_id: int) -> None:
    approved(stage, order_id)
    _now(order_id, "sending", "gateway")


def _page(path: str, **words: str) -> Ask:
    return lambda stage, order_id: stage.press(path.format(refund_of(order_id)), **words)


def _api(path: str, **words: str) -> Ask:
    def api(stage: Stage, order_id: int) -> TestResponse:
        return stage.program.post(f"/refunds/{refund_of(order_id)}/{path}/", words)

    return api


def on_refund(endpoint: str, page: str, api: str, **words: str) -> dict[str, Any]:
    """The same words by both."""
    return {
        "endpoint": f"{_REFUNDS}.{endpoint}",
        "page": _page(page, **words),
        "api": _api(api, **words),
    }


def evidence(state: str, words: str) -> dict[str, Any]:
    path = "/orders/refunds/{}/evidence"
    return on_refund("enter_evidence", path, "evidence", state=state, evidence=words)


_CHECK = on_refund("check_refund", "/orders/refunds/{}/check", "check")
_AGAIN = on_refund("retry_refund", "/orders/refunds/{}/again", "retry")
_ACCOUNT = {"iban": GOOD_IBAN, "holder_name": "Elif Koc"}
_OTHER_ACCOUNT = {**_ACCOUNT, "iban": "TR330006100519786457841327"}
_BY_BANK = on_refund("retry_refund", "/orders/refunds/{}/again", "retry", way="transfer", **_ACCOUNT)
_BY_CREDIT = on_refund("retry_refund", "/orders/refunds/{}/again", "retry", way="loyalty")
_WRONG_BANK = on_refund("retry_refund", "/orders/refunds/{}/again", "retry", way="transfer", **_OTHER_ACCOUNT)
_PAYEE = on_refund("enter_payee", "/finance/refunds/{}/payee", "payee", **_ACCOUNT)
_WRONG_PAYEE = on_refund("enter_payee", "/finance/refunds/{}/payee", "payee", **_OTHER_ACCOUNT)
_RETURNED = on_refund(
    "enter_returned", "/finance/refunds/{}/returned", "returned", words="The account is closed."
)
REFUNDING = [
    Deed("ask the bank about a refund now", **_CHECK, before=approved),
    Deed("book that money was paid back", **evidence("succeeded", "Slip 17"), before=by_hand),
    Deed("book that money was not paid back", **evidence("declined", "The till was closed"), before=by_hand),
    Deed("book it without evidence", **evidence("succeeded", " "), before=by_hand, refused=422),
    Deed("book what a worker is paying back", **evidence("declined", "No"), before=sending, refused=409),
    Deed("try a declined refund again", **_AGAIN, before=declined),
    Deed("try it by bank transfer", **_BY_BANK, before=declined),
    Deed("try it as loyalty credit", **_BY_CREDIT, before=declined),
    Deed("try it by a wrong account", **_WRONG_BANK, before=declined, refused=422),
    Deed("try by bank transfer what was not declined", **_BY_BANK, before=by_hand, refused=409),
    Deed("try again what was not declined", **_AGAIN, before=by_hand, refused=409),
    Deed("say where a transfer goes", **_PAYEE, before=by_transfer),
    Deed("say a wrong account", **_WRONG_PAYEE, before=by_transfer, refused=422),
    Deed("say where money goes that is no transfer", **_PAYEE, before=by_hand, refused=409),
    Deed("say that a transfer came back", **_RETURNED, before=at_the_bank),
    Deed("say that a transfer came back that left for no bank", **_RETURNED, before=by_transfer, refused=409),
]
