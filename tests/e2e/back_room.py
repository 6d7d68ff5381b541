"""A desk with something on every page behind it: channels that fare differently, failed records, work in every state."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product
from webapp.channels.models import Channel, Mapping, PullCursor, RemoteRecord
from webapp.core.breaker import CircuitBreaker
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.operations import Operation
from webapp.core.secrets import current_vault
from webapp.orders.models import ApprovalLimit, CancellationReason, ExternalStatus
from webapp.payments.models import PaymentOption

RESULT = {"seen": 240, "created": 12, "updated": 3, "unchanged": 222, "failed": 3, "skipped": 0}
CHANGES = [
    {"remote_id": "1", "number": "1535788520000000", "verdict": "created", "words": ""},
    {
        "remote_id": "2",
        "number": "1535788520007919",
        "verdict": "failed",
        "words": "The field total is no amount: “abc”.",
    },
]


@dataclass(frozen=True)
class Furnished:
    """The ids that pages are opened with."""

    channel_id: int
    record_id: int
    carrier_id: int
    staff_id: int
    operations: dict[str, uuid.UUID]

    def pages(self) -> list[str]:
        """Every page of the back room, each with something on it."""
        channel = f"/channels/{self.channel_id}"
        return [
            "/channels/",
            channel,
            f"{channel}/backfill",
            f"{channel}/failed",
            f"{channel}/failed/{self.record_id}",
            f"{channel}/words",
            f"{channel}/edit",
            "/channels/new?type=woocommerce",
            "/operations/",
            *(f"/operations/{key}" for key in self.operations.values()),
            "/reference/",
            "/reference/carriers/",
            f"/reference/carriers/edit/?id={self.carrier_id}",
            f"/reference/carriers/delete/?id={self.carrier_id}",
            "/reference/mappings/new/",
            "/reference/channels/",
            "/staff/",
            f"/staff/edit/?id={self.staff_id}",
            "/settings/approval-limits/",
        ]


def furnish(staff_id: int) -> Furnished:
    """Put something on every page. Needs an application context."""
    with unit_of_work() as session:
        shop, silent, failing = (
            _channel(name, pull_minutes=minutes)
            for name, minutes in (("Web shop TR", 5), ("Web shop KSA", 0), ("متجر الرياض", 10))
        )
        carrier = CargoCompany(
            slug="aras", name="Aras", tracking_url_template="https://aras.example.com/?n={n}"
        )
        session.add_all([shop, silent, failing, carrier])
        session.flush()
        session.add_all(
            [
                *_reference(shop.id),
                PullCursor(
                    channel_id=shop.id, kind="order", modified_at=utc_now(), last_success_at=utc_now()
                ),
                PullCursor(channel_id=failing.id, kind="order", last_error="401: the key was refused"),
                CircuitBreaker(
                    name=f"channel:{silent.id}", opened_at=utc_now(), last_error="no answer within 20 s"
                ),
            ]
        )
        records = [_record(shop.id, number) for number in range(8)]
        operations = {
            state: _operation(state, shop.id, staff_id)
            for state in ("running", "done", "dead", "dry", "later")
        }
        session.add_all([*records, *operations.values()])
        session.flush()
        return Furnished(
            shop.id, records[0].id, carrier.id, staff_id, {name: each.id for name, each in operations.items()}
        )


def _channel(name: str, **values: Any) -> Channel:
    credentials = current_vault().encrypt_fields({"consumer_key": "ck", "consumer_secret": "cs"})
    return Channel(
        name=name,
        channel_type="woocommerce",
        base_url="https://shop.example.com",
        credentials=credentials,
        **values,
    )


def _reference(channel_id: int) -> list[Any]:
    return [
        CargoCompany(slug="yurtici", name="Yurtiçi", is_active=False),
        PaymentOption(slug="card", name="Card"),
        CancellationReason(slug="mind", name="Customer changed their mind", plan_kind="cancel"),
        Product(sku="JN-501", name="Straight jeans"),
        Mapping(channel_id=channel_id, kind="status", remote_value="on-hold", local_value="350"),
        ExternalStatus(channel_id=channel_id, code="on-hold"),
        ExternalStatus(channel_id=channel_id, code="processing"),
        ApprovalLimit(role="supervisor", currency="TRY", amount=2500),
    ]


def _record(channel_id: int, number: int) -> RemoteRecord:
    failure_class = ("mapping", "validation", "money", "remote", "bug")[number % 5]
    return RemoteRecord(
        channel_id=channel_id,
        remote_id=str(88700 + number),
        number=f"153578852000{number:04}",
        content_hash=f"{number:064}",
        payload={
            "id": 88700 + number,
            "status": "wc-odd",
            "billing": {"first_name": "Elif"},
            "total": "1430.00",
        },
        state="failed",
        failure_class=failure_class,
        failure_words="The mapping of the status “wc-odd” is wrong: “99” is no order status. Use one of 50, 100, 200.",
        attempts=1 + number,
    )


def _operation(name: str, channel_id: int, staff_id: int) -> Operation:
    now = utc_now()
    values: dict[str, dict[str, Any]] = {
        # Its worker will never be heard of: the page shows it as running all the same.
        "running": {
            "state": "leased",
            "lease_token": uuid.uuid4(),
            "lease_until": now + timedelta(hours=1),
            "progress_done": 86,
            "progress_total": 240,
            "attempt": 1,
            "started_at": now - timedelta(seconds=8),
        },
        "done": {"state": "done", "result": RESULT, "attempt": 1, "started_at": now, "finished_at": now},
        "dead": {
            "state": "dead",
            "attempt": 6,
            "last_error": "HTTP 503: the shop is being maintained",
            "finished_at": now,
        },
        "dry": {
            "kind": "channel.backfill",
            "state": "done",
            "result": {**RESULT, "dry_run": True, "changes": CHANGES},
            "args": {"fetch_all_orders": True, "dry_run": True},
        },
        "later": {
            "kind": "channel.reread",
            "state": "ready",
            "attempt": 2,
            "last_error": "HTTP 429: too many requests",
            "next_run_at": now + timedelta(hours=1),
        },
    }
    return Operation(
        **{
            "kind": "channel.pull",
            "queue": "channels",
            "dedupe_key": uuid.uuid4().hex,
            "args": {},
            "channel_id": channel_id,
            "requested_by_id": staff_id,
            **values[name],
        }
    )
