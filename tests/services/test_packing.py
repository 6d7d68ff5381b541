"""Parcels on PostgreSQL: parts split off, numbers, what stays as it is, and what the channel is told."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, snapshot
from tests.moving import entries, move, pack, packages_of, parcel, told
from tests.order_drafts import findings, line
from webapp.cargo.models import CargoCompany
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied
from webapp.orders.inputs import PackageDraft
from webapp.orders.models import Package


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def carrier(counter: Counter) -> int:
    with unit_of_work() as unit:
        company = CargoCompany(
            slug="swift", name="Swift Parcel", tracking_url_template="https://swift.example/{n}"
        )
        unit.add(company)
        unit.flush()
        return company.id


def three_and_one(counter: Counter) -> tuple[int, int, int]:
    """An order of three equal units and one other; its id and its items'."""
    lines = (line("1", "100.00", quantity=3), line("2", "50.00"))
    order_id = counter.order_of(lines, tenders=(card("150.00"),))
    first, second = items_of_order(order_id)
    return order_id, first.id, second.id


def inside(order_id: int) -> list[tuple[int | None, str, Decimal]]:
    """Parcel's number, SKU and units of each row."""
    numbers = {package.id: package.number for package in packages_of(order_id)}
    return [(numbers.get(item.package_id or 0), item.sku, item.quantity) for item in items_of_order(order_id)]


def test_order_when_packed_into_two_then_the_part_is_split_off_and_its_money_adds_up(
    counter: Counter, carrier: int
) -> None:
    order_id, first, second = three_and_one(counter)
    version = order_now(order_id).version
    pack(
        order_id,
        counter.agent,
        parcel({first: 1}, "SW1", cargo_company_id=carrier),
        parcel({first: 2, second: 1}, "SW2", cargo_company_id=carrier),
        version=version,
    )
    assert sorted(inside(order_id)) == [(1, "SKU-1", 1), (2, "SKU-1", 2), (2, "SKU-2", 1)]
    items = items_of_order(order_id)
    assert sorted((item.quantity, item.amount) for item in items if item.sku == "SKU-1") == [
        (1, Decimal("33.33")),
        (2, Decimal("66.67")),
    ]
    assert {item.tracking_url for item in items} == {"https://swift.example/SW1", "https://swift.example/SW2"}
    order = order_now(order_id)
    assert (order.status, order.version, order.tracking_number) == (400, version + 1, "SW1")
    assert findings() == []


def test_parcels_when_they_have_numbers_then_the_channel_is_told_of_each_and_of_the_same_again_nothing(
    counter: Counter, carrier: int
) -> None:
    order_id, first, second = three_and_one(counter)
    one = parcel({first: 3}, "SW1", cargo_company_id=carrier)
    pack(order_id, counter.agent, one, parcel({second: 1}))
    ids = [each.id for each in packages_of(order_id)]
    assert told(order_id) == [
        (
            "tracking",
            {
                "package_id": ids[0],
                "tracking_number": "SW1",
                "tracking_url": "https://swift.example/SW1",
                "cargo_company_id": carrier,
                "items": [first],
            },
        )
    ]
    pack(order_id, counter.agent, one, parcel({second: 1}, "SW2"))
    assert [each.id for each in packages_of(order_id)] == ids
    assert [args["tracking_number"] for _, args in told(order_id)] == ["SW1", "SW2"]
    assert [each.summary for each in entries(order_id, "order.packed")] == [
        "2 parcels (SW1, parcel 2)",
        "2 parcels (SW1, SW2)",
    ]


def test_parcels_when_packed_anew_with_fewer_then_the_rest_goes_and_what_is_in_none_is_in_none(
    counter: Counter,
) -> None:
    order_id, first, second = three_and_one(counter)
    pack(order_id, counter.agent, parcel({first: 3}, "SW1"), parcel({second: 1}, "SW2"))
    pack(order_id, counter.agent, parcel({second: 1}, "SW9"))
    assert inside(order_id) == [(None, "SKU-1", 3), (1, "SKU-2", 1)]
    assert [item.tracking_number for item in items_of_order(order_id)] == [None, "SW9"]


def test_parcel_when_it_has_left_then_its_items_are_shipped_and_it_stays_as_it_is(counter: Counter) -> None:
    order_id, first, second = three_and_one(counter)
    pack(order_id, counter.agent, parcel({first: 2}, "SW1", has_left=True))
    gone = packages_of(order_id)[0]
    assert gone.shipped_at is not None
    assert sorted((item.status, item.quantity) for item in items_of_order(order_id)) == [
        (400, 1),
        (400, 1),
        (500, 2),
    ]
    sent = next(item.id for item in items_of_order(order_id) if item.status == 500)
    with pytest.raises(Conflict, match="travels in parcel 1 already"):
        pack(order_id, counter.agent, parcel({sent: 2}, "SW7"))
    pack(order_id, counter.agent, parcel({second: 1}, "SW2", has_left=True))
    assert [(each.number, each.tracking_number) for each in packages_of(order_id)] == [(1, "SW1"), (2, "SW2")]
    assert [kind for kind, _ in told(order_id)] == ["tracking", "tracking"]


def test_last_parcel_when_it_leaves_then_the_channel_hears_of_the_number_before_the_status(
    counter: Counter,
) -> None:
    order_id = counter.order()
    pack(order_id, counter.agent, parcel({items_of_order(order_id)[0].id: 1}, "SW1", has_left=True))
    assert [kind for kind, _ in told(order_id)] == ["tracking", "status"]
    assert order_now(order_id).status == 500


def test_parcel_when_all_in_it_is_moved_to_shipped_then_it_has_left(counter: Counter) -> None:
    order_id, first, second = three_and_one(counter)
    pack(order_id, counter.agent, parcel({first: 3, second: 1}, "SW1"))
    move(order_id, 500, counter.agent, first)
    assert packages_of(order_id)[0].shipped_at is None
    move(order_id, 500, counter.agent)
    assert packages_of(order_id)[0].shipped_at is not None


def test_parcel_when_its_label_is_with_the_carrier_then_it_is_not_packed_anew(counter: Counter) -> None:
    order_id, first, _ = three_and_one(counter)
    pack(order_id, counter.agent, parcel({first: 3}, "SW1"))
    with unit_of_work() as unit:
        unit.get_one(Package, packages_of(order_id)[0].id).label_issued_at = order_now(order_id).created_at
    with pytest.raises(Conflict, match="stays as it is"):
        pack(order_id, counter.agent, parcel({first: 3}, "SW2"))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ((), "Say 1 to 20 parcels."),
        (({1: 4},), "There are 3 of Product 1, and 4 were packed."),
        (({1: 2}, {1: 2}), "There are 3 of Product 1, and 4 were packed."),
        (({1: 0, 2: 0},), "Parcel 1 is empty."),
        (({99: 1},), "not this order's"),
        (({1: -1, 2: 1},), "whole units"),
    ],
)
def test_what_cannot_be_packed_then_refused_and_nothing_is_written(
    counter: Counter, wrong: tuple[dict[int, int], ...], sentence: str
) -> None:
    order_id, _, _ = three_and_one(counter)
    before = snapshot()
    with pytest.raises(InvalidInput, match=sentence):
        pack(order_id, counter.agent, *(parcel(each) for each in wrong))
    assert snapshot() == before
    assert packages_of(order_id) == []


def test_half_a_unit_or_one_number_for_two_parcels_then_refused(counter: Counter) -> None:
    order_id, first, second = three_and_one(counter)
    with pytest.raises(InvalidInput, match="whole units"):
        pack(order_id, counter.agent, PackageDraft({first: Decimal("0.5")}))
    with pytest.raises(InvalidInput, match="under one number"):
        pack(order_id, counter.agent, parcel({first: 3}, "SW1"), parcel({second: 1}, "SW1"))


def test_item_that_a_plan_holds_or_somebody_who_may_not_then_refused(counter: Counter) -> None:
    order_id, first, second = three_and_one(counter)
    counter.cancel(order_id, first)
    with pytest.raises(Conflict, match=r"Product 1 is cancellation waiting \(50\) and cannot be packed"):
        pack(order_id, counter.agent, parcel({first: 3}))
    with pytest.raises(PermissionDenied):
        pack(order_id, counter.finance, parcel({second: 1}))
    seen = order_now(order_id).version
    pack(order_id, counter.supervisor, parcel({second: 1}))
    with pytest.raises(Conflict, match="Selin Koç has changed this order meanwhile"):
        pack(order_id, counter.agent, parcel({second: 1}), version=seen)
