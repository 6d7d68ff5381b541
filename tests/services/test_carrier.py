"""Carriers over the wire: labels, new addresses, redirects; every refusal, every silence, one effect each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from tests.addressing import (
    NEW,
    NUMBER,
    OTHER,
    AddressDesk,
    changes,
    errands,
    order_now,
    raised,
    said,
    street,
    told,
)
from tests.cancel_desk import items_of_order
from tests.cancelling import Counter, plans_of
from tests.moving import pack, packages_of, parcel
from tests.order_drafts import HOME, PLACED, draft, findings, write
from tests.sandbox.running import CarrierServer
from webapp.cargo.account_changes import ask_check
from webapp.cargo.models import CargoAccount
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.orders.addresses import Way
from webapp.orders.models import OrderItem, Package
from webapp.orders.service.labels import issue_labels


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, carrier: CarrierServer) -> AddressDesk:
    return AddressDesk.open(session, carrier)


def goes_to(carrier: CarrierServer, number: str = NUMBER) -> str:
    """Where the carrier will bring it."""
    (found,) = [parcel for parcel in carrier.parcels() if parcel["number"] == number]
    return str(found["receiver"]["line1"])


def operation() -> tuple[str, str | None]:
    db.session.rollback()
    row = db.session.execute(
        select(Operation.state, Operation.last_error).where(Operation.kind == "cargo.errands")
    ).one()
    return row.state, row.last_error


def on_the_way(desk: AddressDesk, carrier: CarrierServer) -> int:
    """An order whose parcel has been collected."""
    order_id = desk.order(450)
    number = desk.labelled(order_id)
    carrier.control("POST", f"shipments/{number}/move", {"status": "collected"})
    desk.stand(order_id, 500)
    return order_id


def test_label_when_asked_for_then_number_package_and_page(desk: AddressDesk, carrier: CarrierServer) -> None:
    order_id = desk.order(400, 450)
    assert desk.labelled(order_id) == NUMBER
    package = db.session.scalars(select(Package)).one()
    assert (package.tracking_number, package.number) == (NUMBER, 1)
    assert package.label_issued_at is not None
    items = db.session.scalars(select(OrderItem).where(OrderItem.order_id == order_id)).all()
    assert [(item.tracking_number, item.tracking_url) for item in items] == [
        (NUMBER, f"https://swift.example.test/{NUMBER}")
    ] * 2
    assert goes_to(carrier) == HOME.line1
    assert (errands(order_id), operation(), findings()) == ([("label", "done")], ("done", None), [])


def test_label_again_then_the_old_parcel_is_cancelled(desk: AddressDesk, carrier: CarrierServer) -> None:
    order_id = desk.order(450)
    desk.labelled(order_id)
    second = desk.labelled(order_id)
    assert [(parcel["number"], parcel["status"]) for parcel in carrier.parcels()] == [
        (NUMBER, "cancelled"),
        (second, "announced"),
    ]
    assert order_now(order_id).tracking_number == second


def test_cancellation_when_approved_then_the_carrier_is_told_and_the_number_is_void(
    session: Session, carrier: CarrierServer
) -> None:
    counter = Counter.open(session)
    desk = AddressDesk.beside(session, counter.desk.channel, carrier)
    order_id = counter.order("60.00", "40.00")
    number = desk.labelled(order_id, desk.cargo_id)
    first, second = (item.id for item in items_of_order(order_id))
    counter.cancel(order_id, first)
    counter.approve(order_id)
    desk.work()
    # One item still travels in it.
    assert carrier.parcels()[0]["status"] == "announced"
    counter.cancel(order_id, second)
    counter.approve(order_id, plan_id=plans_of(order_id)[-1].id)
    desk.work()
    assert [parcel["status"] for parcel in carrier.parcels()] == ["cancelled"]
    assert (number, order_now(order_id).tracking_number) == (NUMBER, None)
    assert findings() == []


def test_cancellation_when_the_parcel_was_collected_then_somebody_must_look(
    session: Session, carrier: CarrierServer
) -> None:
    counter = Counter.open(session)
    desk = AddressDesk.beside(session, counter.desk.channel, carrier)
    order_id = counter.order()
    desk.labelled(order_id, desk.cargo_id)
    carrier.control("POST", f"shipments/{NUMBER}/move", {"status": "collected"})
    counter.cancel(order_id)
    counter.approve(order_id)
    desk.work()
    assert (errands(order_id)[1:], raised(order_id)) == ([("cancel", "refused")], ["label_outdated"])
    assert order_now(order_id).tracking_number == NUMBER


def test_label_when_a_parcel_holds_nothing_to_send_any_more_then_none_is_asked_for_it(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(450, 450, 450)
    first, second, third = (item.id for item in items_of_order(order_id))
    pack(order_id, desk.agent, parcel({first: 1}), parcel({second: 1}), parcel({third: 1}))
    with unit_of_work() as unit:
        unit.execute(update(OrderItem).where(OrderItem.id == second).values(status=100))
        unit.execute(
            update(OrderItem).where(OrderItem.id == third).values(status=50, status_before_cancel=450)
        )

    desk.labelled(order_id)

    assert len(carrier.parcels()) == 1
    assert [each.label_issued_at is not None for each in packages_of(order_id)] == [True, False, False]


def test_label_while_one_is_being_made_then_refused(desk: AddressDesk) -> None:
    order_id = desk.order(450)
    with unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    with pytest.raises(Conflict, match="being made just now"), unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    assert errands(order_id) == [("label", "waiting")]


def test_label_refused_then_raised_with_the_carriers_words(desk: AddressDesk, carrier: CarrierServer) -> None:
    carrier.switch(refuse_labels=True)
    order_id = desk.order(450)
    assert desk.labelled(order_id) == ""
    assert (errands(order_id), raised(order_id)) == ([("label", "refused")], ["label_outdated"])
    assert "We do not deliver" in said(order_id, "order.carrier.label")[0][0]


def test_change_with_a_label_then_the_carrier_gets_the_new_address(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(400)
    desk.labelled(order_id)
    assert desk.change(order_id).way is Way.WRITE
    assert (street(order_id), goes_to(carrier)) == (NEW.line1, HOME.line1)
    desk.work()
    assert (goes_to(carrier), errands(order_id)[1:], raised(order_id)) == (
        NEW.line1,
        [("update", "done")],
        [],
    )


def test_change_while_the_label_is_being_made_then_the_carrier_ends_with_the_new_address(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(400)
    with unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    desk.change(order_id)
    desk.work()
    assert (goes_to(carrier), errands(order_id)) == (NEW.line1, [("label", "done"), ("update", "done")])


def test_update_refused_then_ours_stays_and_the_label_must_be_issued_again(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(450)
    desk.labelled(order_id)
    carrier.switch(refuse_updates=True)
    desk.change(order_id)
    desk.work()
    assert (street(order_id), goes_to(carrier)) == (NEW.line1, HOME.line1)
    assert (errands(order_id)[1:], raised(order_id)) == ([("update", "refused")], ["label_outdated"])
    again = desk.labelled(order_id)
    assert goes_to(carrier, again) == NEW.line1


def test_redirect_confirmed_then_the_order_follows_and_the_channel_is_told(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = on_the_way(desk, carrier)
    assert desk.change(order_id, by=desk.supervisor).way is Way.REDIRECT
    assert (street(order_id), told(order_id)) == (HOME.line1, [])
    desk.work()
    assert (street(order_id), goes_to(carrier)) == (NEW.line1, NEW.line1)
    assert changes(order_id) == [("redirect", "applied")]
    assert told(order_id) == [{"side": "shipping", "address_id": order_now(order_id).shipping_address_id}]


def test_redirect_refused_then_the_order_keeps_its_address(desk: AddressDesk, carrier: CarrierServer) -> None:
    order_id = on_the_way(desk, carrier)
    carrier.switch(refuse_redirects=True)
    desk.change(order_id, by=desk.supervisor)
    desk.work()
    assert (street(order_id), goes_to(carrier), told(order_id)) == (HOME.line1, HOME.line1, [])
    assert (changes(order_id), raised(order_id)) == ([("redirect", "refused")], ["address_refused"])


@pytest.mark.parametrize(("confirm", "ends"), [(True, NEW.line1), (False, HOME.line1)])
def test_redirect_that_a_person_decides_later_then_it_waits_and_is_sent_once(
    desk: AddressDesk, carrier: CarrierServer, confirm: bool, ends: str
) -> None:
    order_id = on_the_way(desk, carrier)
    carrier.switch(decide_redirects_later=True)
    desk.change(order_id, by=desk.supervisor)
    for _ in range(3):
        desk.work()
    assert (street(order_id), changes(order_id)) == (HOME.line1, [("redirect", "waiting")])
    asked = carrier.asked()[-1]
    carrier.control("POST", f"redirects/{asked['reference']}/decide", {"confirm": confirm})
    desk.work()
    assert (street(order_id), goes_to(carrier)) == (ends, ends)
    assert carrier.asked()[-1]["times"] == 1


def test_redirect_of_two_parcels_then_one_refusal_keeps_the_address_and_says_which_went(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = on_the_way(desk, carrier)
    with unit_of_work() as unit:
        first = unit.scalars(select(OrderItem).where(OrderItem.order_id == order_id)).one()
        columns = {
            column.name: getattr(first, column.name)
            for column in OrderItem.__table__.columns
            if column.name not in ("id", "part", "tracking_number")
        }
        unit.add(OrderItem(**columns, part=1, tracking_number="SX000000404TR"))
    desk.change(order_id, by=desk.supervisor)
    desk.work()
    assert (street(order_id), changes(order_id)) == (HOME.line1, [("redirect", "refused")])
    words = said(order_id, "order.address.refused")[0][0]
    assert "We have no parcel of this number." in words
    assert f"Redirected all the same: {NUMBER}." in words


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        ({"kind": "reset_before"}, 1),
        ({"kind": "reset_after"}, 1),
        ({"kind": "500_before"}, 1),
        ({"kind": "500_after"}, 1),
        ({"kind": "html_200"}, 1),
        ({"kind": "truncated"}, 1),
        ({"kind": "429", "seconds": 1}, 1),
    ],
)
def test_label_when_the_wire_breaks_then_one_parcel_whatever_happened(
    desk: AddressDesk, carrier: CarrierServer, fault: dict[str, Any], times: int
) -> None:
    carrier.fault(**fault, method="POST", path="/v1/shipments", count=1)
    order_id = desk.order(450)
    desk.labelled(order_id)
    assert errands(order_id) == [("label", "waiting")]
    desk.work()
    assert (errands(order_id), order_now(order_id).tracking_number) == ([("label", "done")], NUMBER)
    assert [each["times"] for each in carrier.asked()] == [times]
    assert len(carrier.parcels()) == 1


def test_carrier_that_never_answers_then_somebody_must_look_and_retry_goes_on(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    carrier.fault(kind="503", path="/v1/*")
    order_id = desk.order(450)
    with unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    for _ in range(12):
        with unit_of_work() as unit:
            unit.execute(text("UPDATE circuit_breaker SET next_probe_at = now()"))
        desk.work()
    assert (operation()[0], raised(order_id)) == ("dead", ["carrier_silent"])
    assert errands(order_id) == [("label", "waiting")]
    carrier.control("DELETE", "faults")
    with unit_of_work() as unit:
        unit.execute(update(Operation).values(state="ready", attempt=0, finished_at=None))
        unit.execute(text("UPDATE circuit_breaker SET next_probe_at = now()"))
    desk.work()
    assert (errands(order_id), len(carrier.parcels())) == ([("label", "done")], 1)


def test_errand_that_waits_when_a_test_of_the_connection_works_then_it_is_run_at_once(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    carrier.fault(kind="503", path="/v1/*")
    order_id = desk.order(450)
    with unit_of_work() as unit:
        issue_labels(unit, order_id, desk.agent)
    drain("files")
    assert errands(order_id) == [("label", "waiting")]
    carrier.control("DELETE", "faults")
    drain("files")
    assert errands(order_id) == [("label", "waiting")]

    with unit_of_work() as unit:
        company_id = unit.scalars(select(CargoAccount.cargo_company_id)).one()
        ask_check(unit, company_id, desk.agent)
    drain("files")

    assert (errands(order_id), len(carrier.parcels())) == ([("label", "done")], 1)


def test_wrong_key_then_given_up_at_once_with_the_reason(desk: AddressDesk, carrier: CarrierServer) -> None:
    with unit_of_work() as unit:
        unit.execute(update(CargoAccount).values(credentials=""))
    order_id = desk.order(450)
    desk.labelled(order_id)
    assert (operation(), raised(order_id)) == (("dead", "The key is not valid."), ["carrier_silent"])


def test_carrier_switched_off_meanwhile_then_refused_not_lost(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(450)
    desk.labelled(order_id)
    desk.change(order_id)
    with unit_of_work() as unit:
        unit.execute(update(CargoAccount).values(is_active=False))
    desk.work()
    assert (errands(order_id)[1:], raised(order_id)) == ([("update", "refused")], ["label_outdated"])


def test_pull_with_another_address_when_a_label_was_issued_then_the_carrier_gets_it_too(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(400)
    desk.labelled(order_id)
    given = draft("1001", channel_id=desk.channel.id, shipping_address=replace(HOME, line1="Moda Cad. 99"))
    write(desk.channel, replace(given, remote_modified_at=PLACED + timedelta(hours=1)))
    desk.work()
    assert (street(order_id), goes_to(carrier)) == ("Moda Cad. 99", "Moda Cad. 99")
    assert (errands(order_id)[1:], raised(order_id)) == ([("update", "done")], [])


def test_two_changes_one_after_the_other_then_the_carrier_ends_with_the_last(
    desk: AddressDesk, carrier: CarrierServer
) -> None:
    order_id = desk.order(450)
    desk.labelled(order_id)
    carrier.fault(kind="reset_after", method="PUT", path="/v1/shipments/*", count=1)
    desk.change(order_id)
    desk.change(order_id, OTHER)
    desk.work()
    assert goes_to(carrier) == NEW.line1
    desk.work()
    assert (goes_to(carrier), errands(order_id)[1:]) == (OTHER.line1, [("update", "done")] * 2)
    # Nothing personal lies in what the queue and the log of requests hold.
    assert "Cad." not in str(db.session.execute(text("SELECT args, result FROM operation")).all())
