"""A person in every column that can hold words; and why nobody is ever in the others."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ARRAY, Column, LargeBinary, String, Table, Text, text
from sqlalchemy.dialects.postgresql import INET, JSONB

from webapp.core.db import Base, db, unit_of_work

IBAN: Final = "TR330006100519786457841326"
NAME: Final = "Zübeyde Kıvılcımlı"
# Tables in which nobody who buys is named.
NEVER_TABLES: Final = {
    **dict.fromkeys(
        (
            "approval_limit",
            "cancellation_reason",
            "cargo_company",
            "data_source",
            "external_status",
            "installment",
            "mapping",
            "payment_option",
            "price_list",
            "product",
            "stock_list",
            "tag",
        ),
        "what the house and its channels sell, and by which words",
    ),
    **dict.fromkeys(("cargo_account", "channel", "gateway_account"), "how an outside system is reached"),
    **dict.fromkeys(
        (
            "api_token",
            "sign_in_throttle",
            "staff_recovery_code",
            "staff_second_step",
            "staff_session",
            "staff_user",
        ),
        "who works here, and how they sign in",
    ),
    **dict.fromkeys(("webhook_subscription", "event"), "other systems, and ids and plain facts for them"),
    **dict.fromkeys(("gateway_event", "webhook_event"), "ids of messages; what they say is read anew"),
    **dict.fromkeys(("ledger_entry", "package", "quarter_figures"), "amounts, numbers, ids"),
    "audit_entry": "our own sentences, ids and codes; what names a person stands in audit_personal",
    "reconciliation": "a gateway's account and our place in its list",
    "transfer_batch": "our own account, and digests of files",
}
_CODES: Final = (
    "states, kinds, codes, currencies, references: words of ours or of the outside system, none of a person"
)
NEVER_COLUMNS: Final = {
    **dict.fromkeys(("address.content_hash", "customer.remote_id"), "a number or a hash"),
    "address.state": "decides the tax",
    "address.country": "decides the tax",
    "address_change.requested_by": "a colleague's name",
    "order_note.author": "a colleague's name",
    "api_idempotency.fingerprint": "a hash",
    "attention.facts": "ids, codes, amounts",
    "cancellation_plan.problems": "our own sentences about items",
    "circuit_breaker.name": "an outside system",
    "operation_words.name": "the name of a field",
    "discount_item.benefit_lines": "ids of lines",
    "integration_action.args": "ids and plain facts; personal data are read when it is sent",
    "operation.args": "ids only",
    "operation.slot": "a time, or the number of a form",
    "operation.dedupe_key": "ids",
    "order_export.columns": "names of columns",
    "order_export.removed_because": "a code",
    "order_item.name": "the product's",
    "order_item.image": "the product's",
    "order_item.price_steps": "figures",
    "order_item.sku": "the product's",
    "order_item.tracking_url": "a parcel's number at its carrier",
    "order_item.shipping_company": "the carrier",
    "orders.shipping_company": "the carrier",
    "orders.tracking_url": "a parcel's number at its carrier",
    "orders.edited_here": "names of columns",
    "orders.money_seen": "a hash",
    "orders.segment": "a group of customers",
    "orders.language_code": "a language",
    "customer.language_code": "a language",
    "payment_transaction.gateway_items": "ids and amounts",
    "tracking_row.warning": "a carrier's code",
    "tracking_row.done": "what undoing needs: ids, statuses, numbers",
    "tracking_upload.columns": "which column means what",
    "tracking_upload.counts": "figures",
    "tracking_upload.reading": "how the file was read",
    "tracking_upload.content_hash": "a hash",
    "vendor_order_item.tracking_url": "a parcel's number at its carrier",
    "refund.idem_key": "a key of ours",
    "remote_record.content_hash": "a hash",
}
# By name, in whatever table: none of these is ever words.
NEVER_NAMED: Final = frozenset(
    [
        "kind",
        "state",
        "status",
        "side",
        "way",
        "code",
        "currency",
        "scope",
        "phase",
        "outcome",
        "verdict",
        "queue",
        "origin",
        "holder",
        "gateway",
        "gateway_ref",
        "gateway_item",
        "remote_id",
        "remote_line_id",
        "remote_ref",
        "reference",
        "subject",
        "topic",
        "slug",
        "number",
        "sku",
        "carrier_shipping_code",
        "shipping_option_slug",
        "payment_option_slug",
        "delivery_type",
        "client_type",
        "cancel_status",
        "bin_number",
        "shipment_code",
        "price_currency",
        "our_currency",
        "their_currency",
        "stored_name",
        "failure_code",
        "failure_class",
        "fallback_way",
        "shipping_policy",
        "refund_invoice_number",
        "invoice_number",
        "tracking_number",
        "tracking_number_seen",
        "request_id",
    ]
)
# What only rows of this condition hold: where the order is known, these columns were compared with it.
ONLY: Final = {
    "tracking_row.order_number": "order_id IS NULL",
    "tracking_row.tracking_number": "order_id IS NULL",
    "tracking_row.item": "order_id IS NULL",
    "tracking_row.tracking_url": "order_id IS NULL",
}
SPECIAL: Final = {
    "api_idempotency.body": json.dumps({"first_name": "Zübeyde", "last_name": "KIVILCIMLI"}).encode(),
    "order_export.query": {"filter": {"words": "Zübeyde"}, "sort": "-placed"},
    "orders.remote_addr": "203.0.113.77",
    "payee.iban": IBAN,
    "saved_view.query": "view=all&q=K%C4%B1v%C4%B1lc%C4%B1ml%C4%B1&status=450",
    "remote_record.payload": {"billing": {"first_name": "Zübeyde", "phone": "+90 (532) 765 43 21"}},
}


def text_columns() -> Iterator[Column[Any]]:
    """Every column of every table that can hold words."""
    for table in sorted(Base.metadata.tables.values(), key=lambda each: each.name):
        for column in table.columns:
            if isinstance(column.type, String | Text | JSONB | LargeBinary | INET | ARRAY):
                yield column


def key_of(column: Column[Any]) -> str:
    assert isinstance(column.table, Table)
    return f"{column.table.name}.{column.name}"


def why_never(column: Column[Any]) -> str | None:
    """Why no person is ever in it; None for those in which one may be."""
    key = key_of(column)
    table = key.partition(".")[0]
    if key in SPECIAL or key in ONLY:
        return None
    if column.name in NEVER_NAMED and key not in ("discount_item.code", "address.state"):
        return _CODES
    return NEVER_TABLES.get(table) or NEVER_COLUMNS.get(key)


def value_for(column: Column[Any]) -> Any:
    """The person, as this column can hold them."""
    key = key_of(column)
    if key in SPECIAL:
        special = SPECIAL[key]
        return json.dumps(special, ensure_ascii=False) if isinstance(special, dict) else special
    if isinstance(column.type, JSONB):
        whole = (
            [NAME]
            if "list" in str(column.server_default.arg if column.server_default else "")
            else {"x": NAME}
        )  # type: ignore[union-attr]
        return json.dumps(whole, ensure_ascii=False)
    length = getattr(column.type, "length", None) or 10_000
    words = f"{NAME} zubeyde.k@example.com"
    return words if len(words) <= length else "Kıvılcımlı" if length >= len("Kıvılcımlı") else "Zübeyde"


def plant() -> set[str]:
    """The person in every column in which one may be; the columns in which rows now have them."""
    planted = {"refund_attempt.words"}  # only ever added: its row has them from the beginning
    with unit_of_work() as unit:
        for column in text_columns():
            if why_never(column) is None and key_of(column) not in planted:
                key, value = key_of(column), value_for(column)
                cast = (
                    "jsonb" if isinstance(column.type, JSONB) else str(column.type.compile(db.engine.dialect))
                )
                where = f" WHERE {ONLY[key]}" if key in ONLY else ""
                table = key.partition(".")[0]
                done = unit.execute(
                    text(f'UPDATE {table} SET "{column.name}" = CAST(:value AS {cast}){where}'),
                    {"value": value},
                )
                if done.rowcount:  # type: ignore[attr-defined]
                    planted.add(key)
    return planted
