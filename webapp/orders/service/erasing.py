"""Erasing a customer: everything that names or describes the person goes; amounts, tax region, statuses and ids stay.

What stays erased at the next pull is known by marks, none of which says who it was: the customer's row keeps its key
at the channel (a number, or a hash for guests) and `erased_at`; nothing the channel says of an order placed until
then is taken (orders/service/writing/people.py). A raw payload leaves its hash, so that the same content is not stored
again; another content is blanked in the transaction that applies it (channels/applying.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.bulk import plain_array
from webapp.core.errors import Conflict, NotFound
from webapp.core.file_store import FileStore
from webapp.core.sentences import Sentence, mid_sentence, said
from webapp.core.text import N_
from webapp.orders.enums import OrderStatus
from webapp.orders.locks import limit_waiting, lock_orders, require_read
from webapp.orders.service.erasing_files import forget_files
from webapp.orders.service.erasing_statements import BY_WORDS, OF_CUSTOMER, OF_ORDERS
from webapp.orders.service.erasing_words import known_by, strip_views
from webapp.orders.service.search import refresh_search
from webapp.orders.service.wording import listed

ERASED: Final = "customer.erased"
# One person never has as many. It is a marketplace's collective customer, whose orders belong to many people.
MOST_ORDERS: Final = 5_000
# Parcels have arrived, or nothing will be sent: nobody needs the address any more.
_AT_REST: Final = (OrderStatus.DELIVERED, OrderStatus.CANCELLED, OrderStatus.REFUNDED)


class ErasureReason(StrEnum):
    """Why somebody is erased. A choice, no free text: the log is for ever and must not name them again."""

    ASKED = "asked"
    RETENTION = "retention"
    ORDERED = "ordered"
    TEST_DATA = "test_data"

    @property
    def label(self) -> str:
        """English words, to be translated where shown."""
        return _REASONS[self]


_REASONS: Final = {
    ErasureReason.ASKED: N_("The person asked for it"),
    ErasureReason.RETENTION: N_("The time for keeping the data has passed"),
    ErasureReason.ORDERED: N_("An authority or a court ordered it"),
    ErasureReason.TEST_DATA: N_("It was test data"),
}


@dataclass(frozen=True, slots=True)
class _Erased:
    """The locked customer as far as erasing needs them."""

    id: int
    channel_id: int


# The person is locked against pulls, which hold FOR KEY SHARE while they write about them.
_LOCK: Final = text("SELECT id, channel_id FROM customer WHERE id = :customer FOR UPDATE")
_ORDER_IDS: Final = text("SELECT id FROM orders WHERE customer_id = :customer ORDER BY id LIMIT :most")
_HINDERED: Final = text(
    """
    SELECT o.number, o.status, o.has_open_plan,
        EXISTS (SELECT 1 FROM refund r WHERE r.order_id = o.id
                AND r.state NOT IN ('succeeded', 'declined', 'withdrawn')) AS has_refund,
        EXISTS (SELECT 1 FROM integration_action a WHERE a.order_id = o.id AND a.state IN ('waiting', 'failed'))
        OR EXISTS (SELECT 1 FROM address_change c WHERE c.order_id = o.id AND c.state = 'waiting')
        OR EXISTS (SELECT 1 FROM cargo_errand e WHERE e.order_id = o.id AND e.ended_at IS NULL) AS has_errand
    FROM orders o WHERE o.customer_id = :customer ORDER BY o.id
    """
)
_FREE_TEXT_LEFT: Final = text(
    """
    SELECT EXISTS (SELECT 1 FROM customer WHERE id = :customer
                   AND (first_name, last_name, email, phone, search_folded) IS DISTINCT FROM ('', '', '', '', ''))
        OR EXISTS (SELECT 1 FROM orders o JOIN customer c ON c.id = o.customer_id
                   WHERE c.id = :customer AND (c.erased_at IS NULL OR o.date_placed > c.erased_at))
    """
)


def erase_customer(
    session: Session,
    customer_id: int,
    reason: ErasureReason,
    context: AuditContext,
    *,
    store: FileStore,
    is_overdue: bool = False,
) -> bool:
    """Erase the person, in one transaction; False when nothing of them is left. Totals of their orders do not change.

    Files of `store` that name them are deleted when it is committed.

    `is_overdue`: the orders are so old that an unfinished status is none any more. Raises NotFound, MustReadFirst, and Conflict while
    a parcel, a cancellation, a refund or a message to a channel or carrier still needs the person's data.
    """
    limit_waiting(session)
    customer = _locked(session, customer_id)
    if not session.scalar(_FREE_TEXT_LEFT, {"customer": customer_id}):
        return False
    _refuse_hindered(session, customer_id, is_overdue=is_overdue)
    order_ids = _orders_of(session, customer_id)
    lock_orders(session, order_ids)
    require_read(session, order_ids, context)
    _blank(session, customer, order_ids, store)
    refresh_search(session, order_ids)
    record(
        session,
        context,
        ERASED,
        subject=("customer", customer_id),
        summary=f"{len(order_ids):,}",
        changes={"reason": [None, reason.value]},
    )
    session.flush()
    return True


def _orders_of(session: Session, customer_id: int) -> list[int]:
    order_ids = list(session.scalars(_ORDER_IDS, {"customer": customer_id, "most": MOST_ORDERS + 1}))
    if len(order_ids) > MOST_ORDERS:
        raise Conflict(
            said(
                N_(
                    "This customer has more than %(most)s orders: a marketplace's collective customer, not one person."
                ),
                most=f"{MOST_ORDERS:,}",
            )
        )
    return order_ids


def _locked(session: Session, customer_id: int) -> _Erased:
    row = session.execute(_LOCK, {"customer": customer_id}).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such customer."))
    return _Erased(row.id, row.channel_id)


def _blank(session: Session, customer: _Erased, order_ids: Sequence[int], store: FileStore) -> None:
    known = known_by(session, customer.id, order_ids)
    forget_files(session, store, known, order_ids)
    strip_views(session, known)
    given = {
        **known.given(),
        "channel": customer.channel_id,
        "customer": customer.id,
        "ids": plain_array(order_ids),
    }
    for statement in (*BY_WORDS, *OF_CUSTOMER, *OF_ORDERS):
        session.execute(text(statement), given)
    session.expire_all()


def _refuse_hindered(session: Session, customer_id: int, *, is_overdue: bool) -> None:
    hindered: dict[Sentence, list[str]] = {}
    for row in session.execute(_HINDERED, {"customer": customer_id}):
        why = _hindrance(row, is_overdue=is_overdue)
        if why:
            hindered.setdefault(why, []).append(row.number)
    if hindered:
        why, numbers = next(iter(hindered.items()))
        some: Sentence = listed(numbers[:3])
        if len(numbers) > 3:
            some = said(N_("%(numbers)s and %(more)s more"), numbers=some, more=len(numbers) - 3)
        raise Conflict(
            said(
                N_("Order %(numbers)s: %(why)s Finish that first, then erase the customer."),
                numbers=some,
                why=why,
            ),
            code="still_needed",
        )


def _hindrance(row: Row[tuple[object, ...]], *, is_overdue: bool) -> Sentence | None:
    if row.has_open_plan or row.has_refund:
        return said(
            N_("a cancellation or refund is not finished, and money may need the person's bank account.")
        )
    if row.has_errand:
        return said(N_("a channel or carrier still has to be told something that may need the address."))
    if not is_overdue and row.status not in _AT_REST:
        return said(
            N_("it is %(status)s, and its parcel still needs the address."),
            status=mid_sentence(OrderStatus(row.status).label),
        )
    return None
