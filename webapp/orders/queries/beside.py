"""What stands beside orders, as programs ask for it: changes of addresses, errands at carriers, messages to channels,
notes, tags, entries of the attention page. Statements to be paged by core/paging.py; all know the reader's scope.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, func, select, true
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoErrand
from webapp.customers.models import Address
from webapp.orders.enums import ActionKind
from webapp.orders.models import (
    AddressChange,
    Attention,
    IntegrationAction,
    NoteReader,
    OrderNote,
    Tag,
)
from webapp.orders.queries.criteria import Scope

Statement = Select[*tuple[Any, ...]]


def address_changes(order_id: int) -> Statement:
    """(change, the address that is asked for, newest message to the channel about it, since when it may know)."""
    return (
        select(AddressChange, Address, _MESSAGE, _TOLD_SINCE)
        .join(Address, Address.id == AddressChange.to_address_id)
        .where(AddressChange.order_id == order_id)
    )


def errands(order_id: int) -> Statement:
    """What carriers were asked about an order."""
    return select(CargoErrand).where(CargoErrand.order_id == order_id)


def messages(scope: Scope, *, order_id: int | None = None, states: Sequence[str] = ()) -> Statement:
    """What channels are told."""
    query = select(IntegrationAction).where(_within(IntegrationAction.channel_id, scope))
    if order_id is not None:
        query = query.where(IntegrationAction.order_id == order_id)
    return query.where(IntegrationAction.state.in_(states)) if states else query


def notes(order_id: int) -> Statement:
    """(note, ids of whom it names, ids of who has confirmed that they read it)."""
    return select(
        OrderNote, _readers(NoteReader.is_mentioned), _readers(NoteReader.read_at.is_not(None))
    ).where(OrderNote.order_id == order_id)


def note_left(session: Session, submission: object) -> Any:
    """The row of `notes` that this submission has made."""
    order_id = select(OrderNote.order_id).where(OrderNote.submission == submission)
    query = notes(session.scalars(order_id).one())
    return session.execute(query.where(OrderNote.submission == submission)).one()


def tags() -> Statement:
    """The house's words for orders, those that can no longer be chosen too."""
    return select(Tag)


def entries(
    scope: Scope, *, order_id: int | None = None, kinds: Sequence[str] = (), is_open: bool | None = None
) -> Statement:
    """What somebody must look at, or has looked at."""
    query = select(Attention).where(_within(Attention.channel_id, scope))
    if order_id is not None:
        query = query.where(Attention.order_id == order_id)
    if kinds:
        query = query.where(Attention.kind.in_(kinds))
    if is_open is not None:
        query = query.where(Attention.closed_at.is_(None) if is_open else Attention.closed_at.is_not(None))
    return query


def _within(column: Any, scope: Scope) -> ColumnElement[bool]:
    return true() if scope is None else column.in_(sorted(scope))


def _readers(condition: Any) -> Any:
    return (
        select(func.array_agg(NoteReader.staff_id))
        .where(NoteReader.note_id == OrderNote.id, condition)
        .correlate(OrderNote)
        .scalar_subquery()
    )


def _about_change(what: Any) -> Any:
    return (
        select(what)
        .where(
            IntegrationAction.order_id == AddressChange.order_id,
            IntegrationAction.kind == ActionKind.ADDRESS.value,
            IntegrationAction.args["change_id"].astext.cast(Integer) == AddressChange.id,
        )
        .correlate(AddressChange)
        .scalar_subquery()
    )


_MESSAGE: Final = _about_change(func.max(IntegrationAction.id))
_TOLD_SINCE: Final = _about_change(func.max(IntegrationAction.began_at))
CHANGE_ID: Final = AddressChange.id
ERRAND_ID: Final = CargoErrand.id
MESSAGE_ID: Final = IntegrationAction.id
NOTE_ID: Final = OrderNote.id
TAG_ID: Final = Tag.id
ENTRY_ID: Final = Attention.id
