"""The whole specification against a running server with data: no server error, no broken shape (`make test-api`)."""

import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.api.programs import make_token
from tests.cancelling import Counter, card, ship
from tests.order_drafts import draft, findings, line, payment, with_status, write
from tests.servers import Processes, free_port, wait_until
from tests.staff import make_staff
from webapp.auth.models import ApiToken
from webapp.catalog.models import Product
from webapp.channels.models import DataSource, RemoteRecord
from webapp.channels.service import ChannelService
from webapp.core.audit import SYSTEM
from webapp.core.db import unit_of_work
from webapp.core.operations import Operation
from webapp.orders.enums import OrderStatus, PlanKind, TenderKind
from webapp.orders.inputs import DiscountDraft
from webapp.orders.models import CancellationReason
from webapp.payments.models import Refund

ROOT = Path(__file__).resolve().parents[2]
SEED = os.environ.get("KONTOR_CONTRACT_SEED", "20261128")
EXAMPLES = os.environ.get("KONTOR_CONTRACT_N", "4")  # test cases per operation and way of making them
LONGEST_S = 300
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "ignored_auth",
    "unsupported_method",
)

pytestmark = pytest.mark.contract


def test_the_specification_when_it_is_driven_then_no_server_error_and_no_broken_shape(
    session: Session, processes: Processes
) -> None:
    fill(session)
    token = make_token(make_staff())
    with unit_of_work() as unit:
        unit.execute(update(ApiToken).values(requests_per_minute=10_000_000))
        known = {
            "KONTOR_CONTRACT_OPERATIONS": " ".join(map(str, unit.scalars(select(Operation.id)))),
            "KONTOR_CONTRACT_REFUNDS": " ".join(map(str, unit.scalars(select(Refund.id)))),
        }
    base = serve(processes)
    began = time.monotonic()
    told = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIGURATION)),
            *("run", f"{base}/api/v1/openapi.json"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", EXAMPLES, "--seed", SEED, "--generation-deterministic", "--no-shrink"),
            *("--continue-on-failure", "--no-color", "--warnings", "off"),
            *("--header", f"Authorization: Bearer {token}", "--request-timeout", "20"),
        ],
        cwd=processes.folder,
        env={**os.environ, **known, "SCHEMATHESIS_HOOKS": "tests.contract.hooks", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )

    sys.stdout.write(f"{told.stdout[-6000:]}\n{time.monotonic() - began:.0f} s\n")
    assert told.returncode == 0, told.stdout[-20_000:] + told.stderr[-2_000:]
    assert findings() == []


def fill(session: Session) -> None:
    """A dozen orders in every stage, with plans, refunds, wishes, failed records and work."""
    counter = Counter.open(session)
    vera = DataSource(slug="vera", name="Vera")
    session.add(vera)
    session.flush()
    session.add(Product(sku="V-1", name="Vase", data_source_id=vera.id))
    session.commit()
    for number in range(1, 7):
        counter.order("60.00", "40.00", number=f"A-{number}")
    counter.cancel(2)
    counter.cancel(3)
    counter.approve(3)
    ship(4)
    counter.cancel(4, *[])
    counter.order_of((line("1", "90.00", quantity=3),), number="A-7", delivery_type="store_pickup")
    paid = payment("100.00", kind=TenderKind.FUNDS_TRANSFER)
    coupon = DiscountDraft("d1", "order", Decimal("5.00"), "Spring", "SPRING")
    given = (draft("A-8", transactions=(paid,)), draft("A-9", transactions=(), discounts=(coupon,)))
    write(counter.desk.channel, *given)
    wished = draft("A-10", items=(line("1", "60.00"), line("2", "40.00")), transactions=(card("100.00"),))
    write(counter.desk.channel, wished)
    write(counter.desk.channel, with_status(wished, OrderStatus.CANCELLED, "cancelled"))
    write(
        counter.desk.channel,
        replace(
            draft("A-11"),
            currency="JPY",
            items=(line(amount="900"),),
            amount=draft().amount * 9,
            transactions=(),
        ),
    )
    for number in range(1, 13):
        lines = (line("1", "60.00"), line("2", "40.00", sku="V-1"))
        counter.order_of(lines, number=f"V-{number}")
    with unit_of_work() as unit:
        for at in range(3):
            unit.add(
                RemoteRecord(
                    channel_id=1,
                    remote_id=f"f{at}",
                    content_hash="0",
                    payload={},
                    state="failed",
                    failure_class="mapping",
                    failure_words="No such status.",
                )
            )
        unit.add(
            CancellationReason(slug="words", name="Other", plan_kind=PlanKind.CANCEL.value, needs_text=True)
        )
        ChannelService().pull(unit, 1, SYSTEM)


def serve(processes: Processes) -> str:
    """A web process; its address."""
    port = free_port()
    processes.settings = replace(processes.settings, port=port)
    processes.command("web")
    base = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(base), what="the web process to answer")
    return base


def _answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base}/readyz", timeout=2):
            return True
    except OSError:
        return False
