"""Whoever dies at any point of an errand, the carrier has one parcel and acts once, by its own list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.addressing import NEW, NUMBER, AddressDesk, changes, errands, order_now, street
from tests.jobs.dying_worker import let_die
from tests.order_drafts import findings
from tests.sandbox.running import CarrierServer
from tests.servers import Processes
from webapp.core.db import unit_of_work
from webapp.core.settings import Timing
from webapp.orders.service.labels import issue_labels

# Leases are ended by the tests.
PATIENT = Timing(lease_s=600)
STEPS = (
    "errand claimed",
    "errand about to be asked",
    "errand answered",
    "errand settled, not committed",
    "errand settled",
)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, carrier: CarrierServer) -> AddressDesk:
    return AddressDesk.open(session, carrier)


def recover(desk: AddressDesk) -> None:
    """What workers do once the leases of the dead have ended."""
    with unit_of_work() as session:
        session.execute(
            text(
                "UPDATE operation SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'leased'"
            )
        )
    for _ in range(2):
        desk.work()


@pytest.mark.parametrize("step", STEPS)
def test_worker_that_dies_over_a_label_then_one_parcel_and_its_number(
    processes: Processes, desk: AddressDesk, carrier: CarrierServer, tmp_path: Path, step: str
) -> None:
    order_id = desk.order(450)
    with unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    let_die(processes, tmp_path, step, "files", timing=PATIENT)
    recover(desk)

    assert (errands(order_id), order_now(order_id).tracking_number) == ([("label", "done")], NUMBER)
    assert [parcel["status"] for parcel in carrier.parcels()] == ["announced"]
    assert findings() == []


@pytest.mark.parametrize("step", STEPS)
def test_worker_that_dies_over_a_redirect_then_asked_once_and_applied_once(
    processes: Processes, desk: AddressDesk, carrier: CarrierServer, tmp_path: Path, step: str
) -> None:
    order_id = desk.order(450)
    number = desk.labelled(order_id)
    carrier.control("POST", f"shipments/{number}/move", {"status": "collected"})
    desk.stand(order_id, 500)
    desk.change(order_id, by=desk.supervisor)
    let_die(processes, tmp_path, step, "files", timing=PATIENT)
    recover(desk)

    assert (changes(order_id), street(order_id)) == ([("redirect", "applied")], NEW.line1)
    asked = [(each["kind"], each["times"]) for each in carrier.asked()]
    assert asked == [("label", 1), ("redirect", 1)]


def test_control_when_every_attempt_has_a_reference_of_its_own_then_two_parcels(
    processes: Processes, desk: AddressDesk, carrier: CarrierServer, tmp_path: Path
) -> None:
    order_id = desk.order(450)
    with unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    let_die(processes, tmp_path, "errand answered", "files", timing=PATIENT)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE cargo_errand SET reference = gen_random_uuid()::text, attempts = 0"))
    recover(desk)
    assert len(carrier.parcels()) == 2
