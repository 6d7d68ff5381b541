"""The orders of a batch as they are now, in a few reads whatever their number."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import TextClause, text

from webapp.core.bulk import plain_array, text_array
from webapp.orders.enums import CancelStatus
from webapp.orders.service.writing.batch import Batch, Incoming
from webapp.orders.service.writing.columns import (
    ITEM_COLUMNS,
    JSON_COLUMNS,
    ORDER_COLUMNS,
    PAYMENT_COLUMNS,
    selected,
)

Columns = dict[str, Any]

_FIND = text(
    "SELECT id, remote_id, number FROM orders WHERE channel_id = :channel"
    " AND (remote_id = ANY(CAST(:remote_ids AS text[])) OR number = ANY(CAST(:numbers AS text[])))"
)
_IDS = "ANY(CAST(:ids AS bigint[]))"
# Our own names and no values in all of these.
_ORDERS = text(f"""
SELECT o.id, o.version, {selected("o", (*ORDER_COLUMNS, "edited_here"))}, status.code AS external_status, customer.remote_id AS customer_remote_id, customer.first_name,
    customer.last_name, customer.email, customer.phone, customer.language_code AS customer_language,
    customer.erased_at, shipping.content_hash AS shipping_hash, billing.content_hash AS billing_hash,
    shipping_seen.content_hash AS shipping_seen_hash, billing_seen.content_hash AS billing_seen_hash,
    CASE WHEN shipping_seen.id <> shipping.id THEN jsonb_build_array(to_jsonb(shipping), to_jsonb(shipping_seen)) END
        AS shipping_versions,
    CASE WHEN billing_seen.id <> billing.id THEN jsonb_build_array(to_jsonb(billing), to_jsonb(billing_seen)) END
        AS billing_versions,
    (SELECT max(date_placed) FROM orders WHERE customer_id = customer.id) AS latest_order
FROM orders o JOIN customer ON customer.id = o.customer_id
    JOIN address shipping ON shipping.id = o.shipping_address_id
    JOIN address billing ON billing.id = o.billing_address_id
    LEFT JOIN address shipping_seen ON shipping_seen.id = o.shipping_address_seen_id
    LEFT JOIN address billing_seen ON billing_seen.id = o.billing_address_seen_id
    LEFT JOIN external_status status ON status.id = o.external_status_id
WHERE o.id = {_IDS}
""")  # noqa: S608
_ITEMS = text(f"""
SELECT i.id, i.order_id, i.remote_line_id, i.part, i.stock_list_id, {selected("i", ITEM_COLUMNS)},
    status.code AS external_status,
    EXISTS (SELECT 1 FROM cancellation_plan_item p WHERE p.order_item_id = i.id AND p.is_open) AS in_open_plan,
    ARRAY(SELECT r.id FROM cancellation_request r WHERE r.order_item_id = i.id AND r.origin = 'channel'
          AND r.status IN ('waiting_approval', 'confirmed') ORDER BY r.id) AS channel_requests,
    EXISTS (SELECT 1 FROM cancellation_request r WHERE r.order_item_id = i.id AND r.origin <> 'channel'
            AND r.status IN ('waiting_approval', 'confirmed')) AS has_own_request
FROM order_item i LEFT JOIN external_status status ON status.id = i.external_status_id
WHERE i.order_id = {_IDS} ORDER BY i.order_id, i.position, i.part
""")  # noqa: S608
_PAYMENTS = text(f"""
SELECT t.id, t.order_id, t.remote_id, t.currency, {selected("t", (*PAYMENT_COLUMNS, "extra_field"))}, coalesce((SELECT sum(r.amount) FROM refund r WHERE r.transaction_id = t.id
    AND r.state NOT IN ('declined', 'withdrawn') AND r.way <> 'release'), 0) AS reserved,
    coalesce((SELECT sum(r.amount) FROM refund r WHERE r.transaction_id = t.id
    AND r.state NOT IN ('declined', 'withdrawn') AND r.way = 'release'), 0) AS released
FROM payment_transaction t WHERE t.order_id = {_IDS} ORDER BY t.order_id, t.id
""")  # noqa: S608
_REFUNDS = text(
    f"SELECT id, order_id, remote_id, idem_key, gateway_ref, amount, state FROM refund WHERE order_id = {_IDS}"  # noqa: S608
)
_DISCOUNTS = text(f"SELECT id, order_id, remote_id FROM discount_item WHERE order_id = {_IDS}")  # noqa: S608
_PLANS = text(
    f"SELECT order_id, status FROM cancellation_plan WHERE order_id = {_IDS} ORDER BY closed_at NULLS LAST, id"  # noqa: S608
)

_RAISED = text(f"SELECT order_id, kind, facts FROM attention WHERE order_id = {_IDS}")  # noqa: S608
_VERSIONS = text(f"SELECT id, version FROM orders WHERE id = {_IDS}")  # noqa: S608


@dataclass(slots=True)
class StoredOrder:
    """An order with everything a draft is compared with."""

    columns: Columns
    items: list[Columns] = field(default_factory=list)
    payments: list[Columns] = field(default_factory=list)
    refunds: list[Columns] = field(default_factory=list)
    discounts: list[Columns] = field(default_factory=list)
    plan_statuses: list[CancelStatus] = field(default_factory=list)
    # What was raised about it before, open or closed: kind and facts.
    raised: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def id(self) -> int:
        return int(self.columns["id"])

    @property
    def has_plan(self) -> bool:
        """Whether any plan stands on the amounts as they are now."""
        return any(status is not CancelStatus.REJECTED for status in self.plan_statuses)

    @property
    def paid(self) -> Decimal:
        """What was captured over all payments."""
        return sum((row["captured_amount"] for row in self.payments), Decimal(0))

    @property
    def held_by_us(self) -> Decimal:
        """Captured money that we hold and that is not on its way back."""
        ours = (row["captured_amount"] - row["reserved"] for row in self.payments if row["holder"] == "us")
        return sum(ours, Decimal(0))

    @property
    def customer_stays_erased(self) -> bool:
        """The person was erased after this order: nothing the channel says of them is taken."""
        erased_at: datetime | None = self.columns["erased_at"]
        return erased_at is not None and self.columns["date_placed"] <= erased_at


def find(batch: Batch, incoming: Sequence[Incoming]) -> tuple[dict[str, int], dict[str, str | None]]:
    """Ids by remote id, and the remote id that each known number belongs to."""
    rows = batch.session.execute(
        _FIND,
        {
            "channel": batch.channel_id,
            "remote_ids": text_array(each.draft.remote_id for each in incoming if each.draft.remote_id),
            "numbers": text_array(each.draft.number for each in incoming),
        },
    )
    ids: dict[str, int] = {}
    owners: dict[str, str | None] = {}
    for row in rows:
        ids[row.remote_id or f"number {row.number}"] = row.id
        owners[row.number] = row.remote_id
    return ids, owners


def read(batch: Batch, order_ids: Iterable[int]) -> dict[int, StoredOrder]:
    """These orders by id, as the database has them at this moment."""
    ids = list(order_ids)
    if not ids:
        return {}
    given = {"ids": plain_array(ids)}
    orders = {row["id"]: StoredOrder(row) for row in _rows(batch, _ORDERS, given)}
    of_items, of_payments, of_refunds, of_discounts, of_plans, of_alarms = (
        _by_order(batch, statement, given)
        for statement in (_ITEMS, _PAYMENTS, _REFUNDS, _DISCOUNTS, _PLANS, _RAISED)
    )
    for order_id, order in orders.items():
        order.items = of_items[order_id]
        order.payments = of_payments[order_id]
        order.refunds = of_refunds[order_id]
        order.discounts = of_discounts[order_id]
        order.plan_statuses = [CancelStatus(row["status"]) for row in of_plans[order_id]]
        order.raised = [(row["kind"], row["facts"]) for row in of_alarms[order_id]]
    return orders


def changed_meanwhile(batch: Batch, orders: Mapping[int, StoredOrder]) -> set[int]:
    """Of orders that were read without a lock those that somebody changed between the reads of their parts."""
    rows = batch.session.execute(_VERSIONS, {"ids": plain_array(orders)})
    return {row.id for row in rows if row.version != orders[row.id].columns["version"]}


def _by_order(batch: Batch, statement: TextClause, given: Mapping[str, str]) -> dict[int, list[Columns]]:
    rows: dict[int, list[Columns]] = defaultdict(list)
    for row in _rows(batch, statement, given):
        rows[row["order_id"]].append(row)
    return rows


def _rows(batch: Batch, statement: TextClause, given: Mapping[str, str]) -> list[Columns]:
    result = batch.session.execute(statement, given)
    names = list(result.keys())
    rows = [dict(zip(names, row, strict=True)) for row in result.all()]
    for name in JSON_COLUMNS.intersection(names):
        for row in rows:
            row[name] = _parsed(row[name])
    return rows


def _parsed(text: str) -> Any:
    if text == "{}":
        return {}
    return [] if text == "[]" else json.loads(text)
