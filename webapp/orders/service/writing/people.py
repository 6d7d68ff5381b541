"""Customers and the immutable versions of their addresses: found by their natural keys, made or brought up to date."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from webapp.core.bulk import Rows, plain_array, text_array
from webapp.customers.identity import (
    ADDRESS_FIELDS,
    PERSON_FIELDS,
    address_hash,
    address_values,
    folded_person,
    person_values,
)
from webapp.customers.models import Address, Customer
from webapp.orders.inputs import AddressDraft, CustomerDraft, OrderDraft
from webapp.orders.service.writing.batch import Batch, Incoming
from webapp.orders.service.writing.incoming import without_person

PersonValues = tuple[str | None, ...]
AddressKey = tuple[int, str]

_FOLDED: Final = "email_folded search_folded sort_key"
_NEW = Rows(Customer, f"remote_id {' '.join(PERSON_FIELDS)} {_FOLDED}")
_CHANGED = Rows(Customer, f"id {' '.join(PERSON_FIELDS)} {_FOLDED}")
_ADDRESSES = Rows(Address, f"customer_id content_hash {' '.join(ADDRESS_FIELDS)}")

_FIND = text(
    f"SELECT id, remote_id, {', '.join(PERSON_FIELDS)}, search_folded, erased_at,"  # noqa: S608 - our own names
    " (SELECT max(date_placed) FROM orders WHERE customer_id = customer.id) AS latest_order"
    " FROM customer WHERE channel_id = :channel AND remote_id = ANY(CAST(:keys AS text[]))"
    # Held until the end, so that nobody is erased between this look and what is written by it; erasing locks FOR UPDATE.
    " ORDER BY id FOR KEY SHARE OF customer"
)
# An UPDATE locks its rows in whatever order it meets them.
_LOCK = text("SELECT id FROM customer WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE")
_FIND_ADDRESSES = text(
    "SELECT id, customer_id, content_hash FROM address WHERE (customer_id, content_hash) IN"
    " (SELECT * FROM unnest(CAST(:customers AS bigint[]), CAST(:hashes AS text[])))"
)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A customer's row as far as a batch needs it; `latest_order` is when the person last ordered before it."""

    id: int
    values: PersonValues
    folded: str
    erased_at: datetime | None = None
    latest_order: datetime | None = None

    def stays_erased(self, placed: datetime) -> bool:
        """An order from before the erasure brings nothing back; who orders again gives new data to deliver by."""
        return self.erased_at is not None and placed <= self.erased_at

    def is_told_by(self, draft: OrderDraft) -> bool:
        """Whether this order is the person's latest, so that it says who they are now."""
        if self.stays_erased(draft.date_placed):
            return False
        return self.latest_order is None or draft.date_placed >= self.latest_order


@dataclass(frozen=True, slots=True)
class ChangedPerson:
    """A customer brought up to date by an order of theirs; both tuples are in the order of PERSON_FIELDS."""

    customer_id: int
    told_by: Incoming
    before: PersonValues
    after: PersonValues


def merged_person(known: PersonValues, given: CustomerDraft) -> PersonValues:
    """The person's fields after this order: a field that the channel leaves empty says nothing."""
    return tuple(new or old for old, new in zip(known, person_values(given), strict=True))


def settle_people(batch: Batch, incoming: Sequence[Incoming]) -> list[ChangedPerson]:
    """Give every draft its customer and addresses; gives the customers whose data changed."""
    newest = _newest_of_each_person(incoming)
    known = _find(batch, newest)
    before = dict(known)
    changed = _bring_up_to_date(batch, newest, known)
    new = sorted(newest.keys() - known.keys())
    if new:
        known |= _make(batch, {key: newest[key].draft.customer for key in new})
    for each in incoming:
        person = known[each.draft.customer.remote_id]
        each.customer_id = person.id
        each.is_erased = before.get(each.draft.customer.remote_id, person).stays_erased(
            each.draft.date_placed
        )
        if each.is_erased:
            each.draft = without_person(each.draft)
        each.customer_folded = person.folded
    _settle_addresses(batch, incoming, new_customers={known[key].id for key in new})
    return changed


def _newest_of_each_person(incoming: Iterable[Incoming]) -> dict[str, Incoming]:
    """Of several orders of one person in a batch the one that was placed last."""
    newest: dict[str, Incoming] = {}
    for each in incoming:
        key = each.draft.customer.remote_id
        if key not in newest or each.draft.date_placed >= newest[key].draft.date_placed:
            newest[key] = each
    return newest


def _find(batch: Batch, keys: Iterable[str]) -> dict[str, KnownPerson]:
    rows = batch.session.execute(_FIND, {"channel": batch.channel_id, "keys": text_array(keys)})
    return {
        row.remote_id: KnownPerson(
            row.id, person_values(row), row.search_folded, row.erased_at, row.latest_order
        )
        for row in rows
    }


def _make(batch: Batch, people: Mapping[str, CustomerDraft]) -> dict[str, KnownPerson]:
    """Insert these customers, sorted by remote id; who another writer has inserted meanwhile is read instead."""
    folded = {key: folded_person(person) for key, person in people.items()}
    rows = [(key, *person_values(people[key]), *folded[key]) for key in sorted(people)]
    inserted = _NEW.insert(
        batch.session,
        rows,
        same={"channel_id": batch.channel_id},
        tail="ON CONFLICT (channel_id, remote_id) DO NOTHING RETURNING id, remote_id",
    )
    made = {
        row.remote_id: KnownPerson(
            row.id, person_values(people[row.remote_id]), folded[row.remote_id].search_folded
        )
        for row in inserted
    }
    raced = people.keys() - made.keys()
    return made | _find(batch, raced) if raced else made


def _bring_up_to_date(
    batch: Batch, newest: Mapping[str, Incoming], known: dict[str, KnownPerson]
) -> list[ChangedPerson]:
    """Update the people whose latest order says something else, by id; `known` then says so too."""
    changed: list[ChangedPerson] = []
    for key, person in sorted(known.items(), key=lambda item: item[1].id):
        told_by = newest[key]
        after = merged_person(person.values, told_by.draft.customer)
        if person.is_told_by(told_by.draft) and after != person.values:
            changed.append(ChangedPerson(person.id, told_by, person.values, after))
            known[key] = KnownPerson(person.id, after, folded_person(_person(key, after)).search_folded)
    if changed:
        batch.session.execute(_LOCK, {"ids": plain_array(each.customer_id for each in changed)})
        rows = [(each.customer_id, *each.after, *folded_person(_person("", each.after))) for each in changed]
        # `erased_at` stays: orders from before it bring nothing back, though the person has ordered again since.
        _CHANGED.update(batch.session, rows, also="modified_at = now()")
    return changed


def _person(remote_id: str, values: PersonValues) -> CustomerDraft:
    return CustomerDraft(remote_id, *values)  # type: ignore[arg-type] # only the language may be None


def _settle_addresses(batch: Batch, incoming: Sequence[Incoming], new_customers: set[int]) -> None:
    wanted: dict[AddressKey, AddressDraft] = {}
    for each in incoming:
        for address, content in _addresses_of(each):
            wanted[each.customer_id, content] = address
    known = _find_addresses(batch, [key for key in wanted if key[0] not in new_customers])
    missing = sorted(wanted.keys() - known.keys())
    if missing:
        known |= _make_addresses(batch, {key: wanted[key] for key in missing})
    for each in incoming:
        (_, shipping), (_, billing) = _addresses_of(each)
        each.shipping_id = known[each.customer_id, shipping]
        each.billing_id = known[each.customer_id, billing]


def _addresses_of(incoming: Incoming) -> tuple[tuple[AddressDraft, str], tuple[AddressDraft, str]]:
    """Shipping and billing address with their hashes; of an erased person country and state, which tax hangs on."""
    draft = incoming.draft
    if incoming.is_erased:
        bare = [
            AddressDraft(country=each.country, state=each.state)
            for each in (draft.shipping_address, draft.billing_address)
        ]
        return (bare[0], address_hash(bare[0])), (bare[1], address_hash(bare[1]))
    return (draft.shipping_address, incoming.shipping_hash), (draft.billing_address, incoming.billing_hash)


def _find_addresses(batch: Batch, keys: Sequence[AddressKey]) -> dict[AddressKey, int]:
    if not keys:
        return {}
    customers, hashes = zip(*keys, strict=True)
    rows = batch.session.execute(
        _FIND_ADDRESSES, {"customers": plain_array(customers), "hashes": text_array(hashes)}
    )
    return {(row.customer_id, row.content_hash): row.id for row in rows}


def _make_addresses(batch: Batch, addresses: Mapping[AddressKey, AddressDraft]) -> dict[AddressKey, int]:
    rows = [(*key, *address_values(address)) for key, address in addresses.items()]
    inserted = _ADDRESSES.insert(
        batch.session,
        rows,
        tail="ON CONFLICT (customer_id, content_hash) DO NOTHING RETURNING id, customer_id, content_hash",
    )
    made = {(row.customer_id, row.content_hash): row.id for row in inserted}
    raced = [key for key in addresses if key not in made]
    return made | _find_addresses(batch, raced) if raced else made
