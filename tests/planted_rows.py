"""A row of every table that can hold something of a customer."""

import uuid
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from tests.planted import NAME
from webapp.auth.models import StaffUser
from webapp.core.clock import utc_now
from webapp.core.db import Base, unit_of_work


def rows_everywhere(session: Session, staff: StaffUser) -> None:
    """A row of everything that belongs to an order of theirs, or that may name them by its words alone."""
    with unit_of_work() as unit:
        found = unit.execute(
            text(
                "SELECT o.id, o.channel_id, o.currency, o.shipping_address_id AS address,"
                " (SELECT min(id) FROM order_item WHERE order_id = o.id) AS item,"
                " (SELECT min(id) FROM payment_transaction WHERE order_id = o.id) AS payment FROM orders o"
            )
        ).one()
        for name, values in rows_of(found, staff.id):
            unit.execute(insert(Base.metadata.tables[name]).values(values))


def rows_of(order: Any, staff: int) -> list[tuple[str, dict[str, Any]]]:
    """(table, values)"""
    work, refund, now, by_order = uuid.uuid4(), uuid.uuid4(), utc_now(), {"order_id": order.id}
    entry = {"tag": "t", "origin": "page", "actor": "Ece", "subject_type": "x", "subject_id": "1"}
    at_channel = {"channel_id": order.channel_id}
    return [
        ("order_note", {**by_order, "author": "Ece", "body": "x", "submission": work}),
        ("attention", {**by_order, "kind": "x", "words": "x"}),
        (
            "cancellation_plan",
            {
                **by_order,
                "id": 77,
                "kind": "cancel",
                "status": "rejected",
                "currency": "TRY",
                "group_id": work,
            },
        ),
        ("cancellation_plan_item", {"plan_id": 77, "order_item_id": order.item}),
        ("cancellation_request", {**by_order, "order_item_id": order.item, "status": "rejected"}),
        ("cargo_company", {"id": 77, "slug": "swift", "name": "Swift"}),
        (
            "cargo_errand",
            {
                **by_order,
                "cargo_company_id": 77,
                "kind": "label",
                "state": "done",
                "reference": "r",
                "ended_at": now,
            },
        ),
        (
            "address_change",
            {
                **by_order,
                "side": "shipping",
                "way": "propose",
                "state": "applied",
                "from_address_id": order.address,
                "to_address_id": order.address,
                "ended_at": now,
            },
        ),
        ("circuit_breaker", {"name": "shop"}),
        ("discount_item", {**by_order, "remote_id": "c", "scope": "order", "amount": 1, "applied_amount": 1}),
        ("integration_action", {**by_order, **at_channel, "kind": "status", "state": "sent"}),
        ("operation", {"id": work, "kind": "x", "queue": "upkeep", "dedupe_key": "x", "state": "done"}),
        ("operation_item", {**by_order, "operation_id": work, "position": 1, "subject_id": 1}),
        ("operation_words", {"operation_id": work, "name": "words", "words": "x"}),
        ("order_export", {"id": work, "staff_id": staff, "kind": "csv"}),
        ("payee", by_order),
        ("reconciliation_break", {**by_order, "gateway": "stripe", "kind": "amount", "subject": "s"}),
        (
            "refund",
            {
                **by_order,
                "id": refund,
                "transaction_id": order.payment,
                "amount": 1,
                "currency": order.currency,
                "state": "declined",
                "idem_key": "k",
            },
        ),
        (
            "refund_attempt",
            {
                "refund_id": refund,
                "attempt": 1,
                "phase": "send",
                "outcome": "x",
                "started_at": now,
                "words": NAME,
            },
        ),
        (
            "remote_record",
            {
                **at_channel,
                "remote_id": "999",
                "content_hash": "h",
                "state": "failed",
                "failure_class": "mapping",
                "payload": {},
            },
        ),
        ("pull_cursor", {**at_channel, "kind": "others"}),
        ("saved_view", {"owner_id": staff, "name": "x", "query": "x"}),
        (
            "tracking_upload",
            {"id": 77, "state": "checked", "file_name": "x", "content_hash": "x", "byte_size": 1},
        ),
        ("tracking_row", {**by_order, "upload_id": 77, "position": 1}),
        ("tracking_row", {"upload_id": 77, "position": 2}),
        ("data_source", {"id": 77, "slug": "vera", "name": "Vera"}),
        ("vendor_order", {**by_order, "data_source_id": 77, "number": "v", "status": 400}),
        ("audit_entry", {**by_order, **entry, "id": 90001}),
        ("audit_entry", {**entry, "id": 90002}),
        ("audit_personal", {"entry_id": 90001}),
        ("audit_personal", {"entry_id": 90002}),
        ("event", {**by_order, "id": 77, "name": "order.updated", "subject": "1"}),
        ("webhook_subscription", {"id": 77, "url": "https://erp.example/", "events": [], "secrets": "x"}),
        ("webhook_delivery", {"subscription_id": 77, "event_id": 77, "state": "delivered"}),
        (
            "api_token",
            {
                "id": 77,
                "name": "x",
                "prefix": "x",
                "token_hash": bytes(32),
                "staff_id": staff,
                "permissions": [],
                "requests_per_minute": 60,
            },
        ),
        (
            "api_idempotency",
            {
                "token_id": 77,
                "key": "k",
                "fingerprint": b"",
                "claim": work,
                "claimed_at": now,
                "expires_at": now,
                "committed": True,
                "status": 201,
                "body": b"",
            },
        ),
    ]
