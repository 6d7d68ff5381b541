"""Compare a draft with the stored order. Pure: nothing is read or written here, only decided.

What staff have changed here stays; what the channel has changed since it was last seen is taken.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from webapp.customers.identity import ADDRESS_FIELDS, address_values, is_empty
from webapp.orders.addresses import Side
from webapp.orders.enums import LEFT_STATUSES, AttentionKind, OrderStatus
from webapp.orders.inputs import AddressDraft, ItemDraft
from webapp.orders.service.writing.batch import Incoming, with_places
from webapp.orders.service.writing.columns import PLAIN_COLUMNS
from webapp.orders.service.writing.decision import AddressVerdict, Decision
from webapp.orders.service.writing.incoming import without_person
from webapp.orders.service.writing.jsons import merged
from webapp.orders.service.writing.money import decide_money
from webapp.orders.service.writing.moves import decide_moves
from webapp.orders.service.writing.payments import decide_payments
from webapp.orders.service.writing.people import merged_person
from webapp.orders.service.writing.reference import KnownProduct
from webapp.orders.service.writing.stored import StoredOrder

# From here on a parcel may carry the old address.
_PACKING: Final = LEFT_STATUSES | {OrderStatus.PREPARING, OrderStatus.READY_FOR_PICKUP}


def decide(stored: StoredOrder, incoming: Incoming, products: Mapping[str, KnownProduct]) -> Decision:
    """Everything this draft changes of this order. Raises InvalidAmount if its new amounts cannot be distributed."""
    if stored.customer_stays_erased:
        incoming.draft = without_person(incoming.draft)
    decision = Decision(stored, incoming)
    _decide_columns(decision)
    _decide_person(decision)
    if not stored.customer_stays_erased:
        for side in Side:
            _decide_address(decision, side)
    _decide_items(decision, products)
    decide_money(decision)
    decide_moves(decision)
    decide_payments(decision)
    return decision


def _decide_columns(decision: Decision) -> None:
    draft, columns = decision.incoming.draft, decision.stored.columns
    edited = set(columns["edited_here"])
    for name in PLAIN_COLUMNS:
        given = getattr(draft, name)
        # A channel that leaves a field out says nothing about it.
        if given is not None and name not in edited:
            decision.set_order(**{name: given})
    if draft.external_status is not None:
        decision.set_order(external_status=draft.external_status)
    decision.set_order(extra_field=merged(columns["extra_field"], draft.extra_field))
    if draft.remote_modified_at not in (None, columns["remote_modified_at"]):
        decision.quiet["remote_modified_at"] = draft.remote_modified_at


def _decide_person(decision: Decision) -> None:
    """Another customer, or the same one with other data: which counts only from the latest order of theirs."""
    columns, draft = decision.stored.columns, decision.incoming.draft
    if decision.stored.customer_stays_erased:
        return
    decision.customer_changes = columns["customer_remote_id"] != draft.customer.remote_id
    if decision.customer_changes:
        return
    known = tuple(
        columns[name] for name in ("first_name", "last_name", "email", "phone", "customer_language")
    )
    if draft.date_placed >= columns["latest_order"]:
        decision.person_changes = merged_person(known, draft.customer) != known


def _decide_address(decision: Decision, side: Side) -> None:
    """Decision 14: compare with the address last seen from the channel; raise, never overwrite."""
    columns, incoming = decision.stored.columns, decision.incoming
    said = incoming.shipping_hash if side is Side.SHIPPING else incoming.billing_hash
    ours = columns[f"{side}_hash"]
    seen = columns[f"{side}_seen_hash"] or ours
    draft = incoming.draft.shipping_address if side is Side.SHIPPING else incoming.draft.billing_address
    if is_empty(draft):
        return
    if said == seen:
        if decision.customer_changes and said == ours:
            decision.addresses[side] = AddressVerdict.FOLLOW
    elif ours == said or _is_ours_told_back(columns[f"{side}_versions"], draft):
        decision.addresses[side] = AddressVerdict.SEEN
    elif ours == seen:
        decision.addresses[side] = AddressVerdict.FOLLOW
        _raise_when_late(decision, side)
    else:
        decision.addresses[side] = AddressVerdict.CLASH
        decision.alarm(
            AttentionKind.ADDRESS_CHANGED_TWICE,
            f"The {side} address was changed here and, since then, at the channel too. Ours was kept.",
            side=side,
            content=said,
        )


def _is_ours_told_back(versions: Sequence[Mapping[str, Any]] | None, draft: AddressDraft) -> bool:
    """Whether the channel only took over what was changed here: shops do not keep all fields that we have.

    `versions` are our address and the one last seen from the channel; None while they are the same.
    """
    if versions is None:
        return False
    ours, seen = versions
    said = dict(zip(ADDRESS_FIELDS, address_values(draft), strict=True))
    return all(said[name] in (seen[name], ours[name]) for name in ADDRESS_FIELDS)


def _raise_when_late(decision: Decision, side: Side) -> None:
    packing = sorted({row["status"] for row in decision.stored.items if row["status"] in _PACKING})
    if side is Side.SHIPPING and packing:
        decision.alarm(
            AttentionKind.ADDRESS_CHANGED_LATE,
            "The channel changed the shipping address although packing has begun: the label may carry the old one.",
            content=decision.incoming.shipping_hash,
        )


def _decide_items(decision: Decision, products: Mapping[str, KnownProduct]) -> None:
    """What an item is called and which product it is; its money and its moves are decided elsewhere."""
    lines = {line.remote_line_id: line for line in decision.incoming.draft.items}
    for item in decision.stored.items:
        line = lines.get(item["remote_line_id"])
        if line is not None:
            _decide_item(decision, item, line, products)


def _decide_item(
    decision: Decision, item: Mapping[str, Any], line: ItemDraft, products: Mapping[str, KnownProduct]
) -> None:
    columns: dict[str, Any] = {
        "name": line.name,
        "sku": line.sku,
        "price": with_places(line.price, 4),
        "position": line.position,
        "attributes": merged(item["attributes"], line.attributes),
        "extra_field": merged(item["extra_field"], line.extra_field),
    }
    if line.image is not None:
        columns["image"] = line.image
    if line.retail_price is not None:
        columns["retail_price"] = with_places(line.retail_price, 4)
    product = products.get(line.sku)
    # A product that staff have mapped by hand stays while the channel still calls it the same.
    if product is not None and (item["product_id"] is None or item["sku"] != line.sku):
        columns |= {"product_id": product.id, "data_source_id": product.data_source_id}
    if line.tracking_number and line.tracking_number != item["tracking_number_seen"]:
        columns["tracking_number_seen"] = line.tracking_number
        if item["tracking_number"] in (None, item["tracking_number_seen"]):
            columns["tracking_number"] = line.tracking_number
    decision.set_item(item, **columns)  # type: ignore[arg-type]
