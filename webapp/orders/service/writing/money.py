"""Orders that were edited at the shop: distributed anew, unless a plan stands on the old amounts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from webapp.orders.enums import ENDED_STATUSES, AttentionKind, OrderStatus, RequestStatus
from webapp.orders.inputs import ItemDraft
from webapp.orders.pricing import PricedItem, PricedOrder, steps_to_json
from webapp.orders.service.writing.batch import with_places
from webapp.orders.service.writing.columns import ORDER_AMOUNTS, SHARES
from webapp.orders.service.writing.decision import AddedLine, Decision
from webapp.orders.service.writing.incoming import price
from webapp.orders.service.writing.moves import beginning
from webapp.orders.service.writing.stored import Columns

# How the id of a line begins that no channel knows because somebody added it here.
ADDED_HERE: Final = "here:"
_NOTHING: Final = Decimal(0)


def decide_money(decision: Decision) -> None:
    """Nothing for amounts that are known; else new shares, or a mismatch that somebody must look at."""
    incoming, stored = decision.incoming, decision.stored
    if incoming.money_seen == stored.columns["money_seen"]:
        return
    price(incoming)
    parts = _parts_by_line(stored.items)
    if _is_same(decision, incoming.amounts, parts):
        decision.quiet["money_seen"] = incoming.money_seen
    elif (fixed_by := _what_fixes(decision, parts)) is not None:
        _raise_mismatch(decision, fixed_by)
    else:
        _redistribute(decision, incoming.amounts, parts)


def share_columns(line: ItemDraft, priced: PricedItem, currency: str) -> Columns:
    """The money columns of one whole line."""
    columns = {name: getattr(priced, name) for name in SHARES}
    return columns | {
        "quantity": with_places(line.quantity, 3),
        "tax_rate": None if line.tax_rate is None else with_places(line.tax_rate, 3),
        "price_currency": currency,
        "price_steps": steps_to_json(priced.discount_steps),
    }


def _parts_by_line(items: Sequence[Columns]) -> dict[str, list[Columns]]:
    """The rows of each line of the shop; a line that was split here has several."""
    parts: dict[str, list[Columns]] = defaultdict(list)
    for item in items:
        parts[item["remote_line_id"]].append(item)
    return parts


def _is_same(decision: Decision, priced: PricedOrder, parts: Mapping[str, list[Columns]]) -> bool:
    """Whether these amounts give the very shares the rows carry; the slices of a split line add up to the line."""
    columns, draft = decision.stored.columns, decision.incoming.draft
    if columns["currency"] != draft.currency:
        return False
    if any(columns[name] != getattr(priced, name) for name in ORDER_AMOUNTS):
        return False
    carried = {line: _sums(rows) for line, rows in parts.items()}
    given = {
        line.remote_line_id: (with_places(line.quantity, 3), *(getattr(shares, name) for name in SHARES))
        for line, shares in zip(draft.items, priced.items, strict=True)
    }
    # A line that was removed at the shop before stays here as a row of nothing.
    return {line: sums for line, sums in carried.items() if any(sums) or line in given} == given


def _sums(rows: Sequence[Columns]) -> tuple[Decimal, ...]:
    return tuple(sum((row[name] for row in rows), _NOTHING) for name in ("quantity", *SHARES))


def _what_fixes(decision: Decision, parts: Mapping[str, list[Columns]]) -> str | None:
    """Why the shares cannot change any more; None if they can."""
    if decision.stored.has_plan:
        return "a cancellation stands on the old amounts"
    if decision.stored.refunds and decision.stored.columns["currency"] != decision.incoming.draft.currency:
        return "money went back in the old currency"
    if any(len(rows) > 1 for rows in parts.values()):
        return "a line was split here"
    if any(line.startswith(ADDED_HERE) for line in parts):
        return "a line was added here"
    return None


def _raise_mismatch(decision: Decision, why: str) -> None:
    draft = decision.incoming.draft
    decision.set_order(money_mismatch=True)
    decision.alarm(
        AttentionKind.EDITED_WITH_PLAN,
        f"The order was changed at the channel to {draft.amount} {draft.currency}, but {why}. Ours were kept.",
        seen=decision.incoming.money_seen,
        amount=str(draft.amount),
    )


def _redistribute(decision: Decision, priced: PricedOrder, parts: Mapping[str, list[Columns]]) -> None:
    draft = decision.incoming.draft
    decision.is_redistributed = True
    decision.quiet["money_seen"] = decision.incoming.money_seen
    decision.set_order(currency=draft.currency, **{name: getattr(priced, name) for name in ORDER_AMOUNTS})
    refunded: Decimal = decision.stored.columns["refund_amount"]
    decision.set_order(money_mismatch=priced.money_mismatch or refunded > decision.stored.paid)
    for line, shares in zip(draft.items, priced.items, strict=True):
        rows = parts.get(line.remote_line_id)
        if rows is None:
            begins = beginning(line.status, we_hold_money=decision.stored.held_by_us > 0)
            decision.added.append(AddedLine(line, shares, begins))
        else:
            decision.set_item(rows[0], **share_columns(line, shares, draft.currency))
    still_there = {line.remote_line_id for line in draft.items}
    for line_id, rows in parts.items():
        if line_id not in still_there:
            _remove(decision, rows[0])
    _raise_when_overpaid(decision)


def _remove(decision: Decision, item: Columns) -> None:
    """A line that is gone at the shop keeps its row and its ordered quantity, with nothing left in it."""
    nothing: dict[str, Any] = dict.fromkeys((*SHARES, "quantity"), _NOTHING)
    decision.set_item(item, **nothing, price_steps=[])
    if item["status"] not in ENDED_STATUSES:
        decision.set_item(item, status=int(OrderStatus.CANCELLED), status_before_cancel=None)
        decision.answers |= dict.fromkeys(item["channel_requests"], RequestStatus.COMPLETED)


def _raise_when_overpaid(decision: Decision) -> None:
    draft = decision.incoming.draft
    if decision.stored.held_by_us > max(draft.amount, _NOTHING):
        decision.alarm(
            AttentionKind.PAID_MORE_THAN_TOTAL,
            f"The order now costs {draft.amount} {draft.currency}, and we hold {decision.stored.held_by_us}.",
            amount=str(draft.amount),
        )
