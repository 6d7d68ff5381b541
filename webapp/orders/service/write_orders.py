"""Orders from a channel (or the API) into the tables: created, updated, left as they are, or refused with words."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.audit import AuditContext
from webapp.core.errors import InvalidInput, OrderDuplicatedFieldException
from webapp.orders.inputs import OrderDraft, WriteResult
from webapp.orders.locks import limit_waiting, lock_orders
from webapp.orders.models import Order, OrderItem
from webapp.orders.service.search import orders_of
from webapp.orders.service.writing import stored
from webapp.orders.service.writing.applying import apply
from webapp.orders.service.writing.batch import Batch, Incoming
from webapp.orders.service.writing.creating import create
from webapp.orders.service.writing.deciding import decide
from webapp.orders.service.writing.decision import Decision
from webapp.orders.service.writing.effects import Effects
from webapp.orders.service.writing.incoming import check, newest_of_each, price
from webapp.orders.service.writing.people import ChangedPerson, settle_people
from webapp.orders.service.writing.reference import KnownProduct, products, references
from webapp.orders.service.writing.refusing import refusal
from webapp.orders.service.writing.story import entry_of_person
from webapp.orders.service.writing.telling import Written, tell
from webapp.orders.service.writing.vendors import mirror_vendors

# Milliseconds. Writers of whole batches wait for each other; a person's page does not (orders/locks.py).
LOCK_TIMEOUT_MS = 30_000

_BY_INDEX = text("SELECT set_config('enable_seqscan', 'off', true)")


def write_orders(
    session: Session, channel: Channel, drafts: Sequence[OrderDraft], context: AuditContext
) -> list[WriteResult]:
    """Write these drafts in the caller's transaction; gives one result per draft, in their order.

    About 200 drafts a transaction are fastest. What is wrong with one draft is its own result and never stops the
    others; a deadlock, a lock waited for in vain or a lost connection is raised: the whole transaction tries again.
    """
    batch = _begin(session, channel, context)
    results: dict[int, WriteResult] = {}
    given = []
    for incoming in newest_of_each(drafts):
        try:
            check(incoming)
            given.append(incoming)
        except Exception as error:
            _answer(results, incoming, refusal(incoming.draft, error))
    _write_isolated(batch, given, results)
    _forget(session)
    return [results[position] for position in range(len(drafts))]


def create_order(session: Session, channel: Channel, draft: OrderDraft, context: AuditContext) -> int:
    """Write one new order; gives its id.

    Raises OrderDuplicatedFieldException when the constraint says that the channel has one with this number or remote
    id, and whatever a draft is refused for; then nothing is written.
    """
    batch = _begin(session, channel, context)
    incoming = Incoming(draft, (0,))
    check(incoming)
    price(incoming)
    with session.begin_nested():
        people = settle_people(batch, [incoming])
        effects = Effects(batch)
        if create(batch, [incoming], references(batch, [draft]), products(batch, [draft]), effects):
            raise _duplicate(batch, draft)
        _tell_of_people(batch, people, effects)
        effects.write()
        written = Written([incoming], [], effects)
        mirror_vendors(batch, written, products(batch, [draft]))
        tell(batch, written)
    return incoming.id


def _begin(session: Session, channel: Channel, context: AuditContext) -> Batch:
    session.flush()
    limit_waiting(session, LOCK_TIMEOUT_MS)
    # Everything here is found by an index. The plan of a foreign key's check that was made while its table was small
    # would read the whole table for every row until statistics come: the first backfill of a shop grew ever slower.
    session.execute(_BY_INDEX)
    return Batch.begin(session, channel, context)


def _write_isolated(batch: Batch, incoming: Sequence[Incoming], results: dict[int, WriteResult]) -> None:
    """All of them under one savepoint; if that breaks, each half under its own, down to the draft that breaks it."""
    if not incoming:
        return
    try:
        with batch.session.begin_nested():
            answers = _write(batch, incoming)
    except OperationalError:
        raise
    except Exception as error:
        if len(incoming) == 1:
            _answer(results, incoming[0], refusal(incoming[0].draft, error))
            return
        middle = len(incoming) // 2
        _write_isolated(batch, incoming[:middle], results)
        _write_isolated(batch, incoming[middle:], results)
    else:
        results |= answers


def _write(batch: Batch, incoming: Sequence[Incoming]) -> dict[int, WriteResult]:
    """One batch: what is unchanged is only read; the rest is written table by table."""
    results: dict[int, WriteResult] = {}
    known = products(batch, [each.draft for each in incoming])
    new, existing = _told_apart(batch, incoming, results)
    touched = _touched(batch, existing, known, results)
    writing = sorted([*new, *touched], key=_key)
    if not writing:
        return results
    words = references(batch, [each.draft for each in writing])
    people = settle_people(batch, writing)
    effects = Effects(batch)
    raced = create(batch, new, words, known, effects)
    for each in new:
        if each.order_id is not None:
            _answer(results, each, each.result("created"))
    found = _found_after_all(batch, raced, results)
    decisions = _decided_under_lock(batch, [*touched, *found], known, results)
    apply(batch, [each for each in decisions if not each.is_empty], words, known, effects)
    told = {id(person.told_by) for person in people}
    changed = []
    for decision in decisions:
        is_changed = decision.is_change or id(decision.incoming) in told
        _answer(
            results, decision.incoming, decision.incoming.result("updated" if is_changed else "unchanged")
        )
        if is_changed:
            changed.append(decision)
    _tell_of_people(batch, people, effects)
    effects.write()
    written = Written([each for each in new if each.order_id is not None], changed, effects)
    mirror_vendors(batch, written, known)
    tell(batch, written)
    return results


def _key(incoming: Incoming) -> str:
    return incoming.key


def _told_apart(
    batch: Batch, incoming: Sequence[Incoming], results: dict[int, WriteResult]
) -> tuple[list[Incoming], list[Incoming]]:
    """New orders with their amounts distributed, and known ones with their id."""
    ids, numbers = stored.find(batch, incoming)
    new, existing = [], []
    for each in incoming:
        each.order_id = ids.get(each.key)
        if each.order_id is not None:
            existing.append(each)
        elif each.draft.number in numbers:
            _answer(results, each, refusal(each.draft, _duplicate(batch, each.draft)))
        elif _is_priced(each, results):
            new.append(each)
    return new, existing


def _is_priced(incoming: Incoming, results: dict[int, WriteResult]) -> bool:
    try:
        price(incoming)
    except InvalidInput as refused:
        _answer(results, incoming, refusal(incoming.draft, refused))
        return False
    return True


def _touched(
    batch: Batch,
    existing: Sequence[Incoming],
    known: Mapping[str, KnownProduct],
    results: dict[int, WriteResult],
) -> list[Incoming]:
    """Those that would change their order, found without a lock: an unchanged order makes nobody wait."""
    orders = stored.read(batch, [each.order_id for each in existing if each.order_id is not None])
    moving = stored.changed_meanwhile(batch, orders) if orders else set()
    touched = []
    for each in existing:
        decision = _decision(orders, each, known, results)
        if decision is None:
            continue
        if decision.is_empty and each.order_id not in moving:
            _answer(results, each, each.result("unchanged"))
        else:
            touched.append(each)
    return touched


def _decided_under_lock(
    batch: Batch,
    incoming: Sequence[Incoming],
    known: Mapping[str, KnownProduct],
    results: dict[int, WriteResult],
) -> list[Decision]:
    """The decisions again, now that nobody else can change these orders."""
    ids = lock_orders(batch.session, [each.order_id for each in incoming if each.order_id is not None])
    orders = stored.read(batch, ids)
    decisions = [_decision(orders, each, known, results) for each in incoming]
    return [decision for decision in decisions if decision is not None]


def _decision(
    orders: Mapping[int, stored.StoredOrder],
    incoming: Incoming,
    known: Mapping[str, KnownProduct],
    results: dict[int, WriteResult],
) -> Decision | None:
    """What the draft changes; None if its new amounts are refused, which is then its result."""
    try:
        return decide(orders[incoming.id], incoming, known)
    except InvalidInput as refused:
        _answer(results, incoming, refusal(incoming.draft, refused))
        return None


def _found_after_all(
    batch: Batch, raced: Sequence[Incoming], results: dict[int, WriteResult]
) -> list[Incoming]:
    """Orders that another writer inserted between our look and our insert; a number of another order is refused."""
    if not raced:
        return []
    ids, _ = stored.find(batch, raced)
    for each in raced:
        each.order_id = ids.get(each.key)
        if each.order_id is None:
            _answer(results, each, refusal(each.draft, _duplicate(batch, each.draft)))
    return [each for each in raced if each.order_id is not None]


def _duplicate(batch: Batch, draft: OrderDraft) -> OrderDuplicatedFieldException:
    return OrderDuplicatedFieldException(
        f"{batch.channel_name} has an order with the number {draft.number} already.",
        details={"number": draft.number},
    )


def _tell_of_people(batch: Batch, people: Sequence[ChangedPerson], effects: Effects) -> None:
    """Log who changed, and have every order of theirs found by their new data."""
    if not people:
        return
    for person in people:
        if person.told_by.order_id is not None:
            effects.entries.append(entry_of_person(batch, person, person.told_by.order_id))
    effects.search |= orders_of(batch.session, [person.customer_id for person in people])


def _answer(results: dict[int, WriteResult], incoming: Incoming, result: WriteResult) -> None:
    results |= dict.fromkeys(incoming.positions, result)


def _forget(session: Session) -> None:
    """ORM objects of orders that the session still holds are read anew when somebody looks at them."""
    for each in list(session.identity_map.values()):
        if isinstance(each, Order | OrderItem):
            session.expire(each)
