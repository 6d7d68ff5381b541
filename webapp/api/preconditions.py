"""`ETag` and `If-Match`: writes that only happen to the order as its editor knows it.

The tag is the order's version and the newest entry of its log. The version decides; the entry says from where on
the log tells what has changed.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from flask import Response, jsonify, request
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, can, channel_scope
from webapp.core.db import db, unit_of_work
from webapp.core.errors import DomainError, InvalidInput
from webapp.orders.locks import lock_order
from webapp.orders.queries.cancelling import entries_after, newest_entry, visible_order
from webapp.orders.queries.collection import order_item_ids
from webapp.orders.queries.record import order_record
from webapp.orders.serializers import order_detail, stamp
from webapp.orders.views.acting import money_act

_TAG: Final = re.compile(r'(?:W/)?"(\d{1,18})-(\d{1,18})"')


class PreconditionFailed(DomainError):
    """The order is not the one that `If-Match` names; `changes` tells what happened since, newest first."""

    code = "precondition_failed"
    http_status = 412


class MalformedTag(InvalidInput):
    """`If-Match` is no tag that we have given out."""

    code = "malformed_if_match"
    http_status = 400


@contextmanager
def order_write(order_id: int) -> Iterator[Session]:
    """A unit of work for a change of one order that the asker may see. Raises NotFound and PreconditionFailed."""
    visible_order(db.session(), order_id, channel_scope())
    wanted = wanted_tag()
    with unit_of_work() as session:
        if wanted is not None:
            _check(session, order_id, *wanted)
        yield session


@contextmanager
def order_act(tag: str, order_id: int) -> Iterator[Session]:
    """The same for an act on money: when it is refused, an audit entry alone is left of it.

    Raises NotFound, PreconditionFailed, and what the service raises.
    """
    visible_order(db.session(), order_id, channel_scope())
    wanted = wanted_tag()
    with money_act(tag, ("order", order_id), order_id) as session:
        if wanted is not None:
            _check(session, order_id, *wanted)
        yield session


def item_ids_of(session: Session, order_id: int, item_ids: Iterable[int]) -> None:
    """Refuse items that are not this order's: whoever may act on the order must not reach another's. Raises InvalidInput."""
    known = set(order_item_ids(session, order_id))
    strange = sorted(set(item_ids) - known)
    if strange:
        words = f"The order has no item {strange[0]}."
        raise InvalidInput(words, fields={"order_items": [words]})


def answer_order(order_id: int, status: int = 200) -> Response:
    """The order in full as it is now, with its tag; the tag alone (204) for a token that may act but not see orders."""
    session = db.session()
    record = order_record(session, order_id, channel_scope())
    response = Response(status=204)
    if can(Permission.ORDERS_VIEW):
        response = jsonify(order_detail(record))
        response.status_code = status
    response.headers["ETag"] = f'"{record.order.version}-{newest_entry(session, order_id)}"'
    return response


def wanted_tag() -> tuple[int, int] | None:
    """The two numbers of the tag that `If-Match` names; None without one. Raises MalformedTag."""
    given = request.headers.get("If-Match", "").strip()
    if not given or given == "*":
        return None
    found = _TAG.fullmatch(given)
    if found is None:
        raise MalformedTag("Send the ETag that an answer about this order carried.")
    return int(found[1]), int(found[2])


def _check(session: Session, order_id: int, version: int, entry: int) -> None:
    order = lock_order(session, order_id)
    if order.version == version:
        return
    changes: list[dict[str, Any]] = [
        {"date": stamp(each.at), "by": each.actor, "what": each.tag, "summary": each.told}
        for each in entries_after(session, order_id, entry)
    ]
    who = changes[0]["by"] if changes else "Somebody"
    raise PreconditionFailed(
        f"{who} has changed this order meanwhile. Look at it as it is now, then send your change again.",
        details={"etag": f'"{order.version}-{newest_entry(session, order_id)}"', "changes": changes},
    )
