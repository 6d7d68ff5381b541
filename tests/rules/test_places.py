"""Turkey's provinces and districts, and that an address keeps them where its channel does."""

import pytest

from webapp.customers.places import Place, Spot, district_of, province_of, provinces, read_place, with_place
from webapp.orders.inputs import AddressDraft


def test_list_then_81_provinces_with_973_districts_as_the_country_has() -> None:
    known = provinces().values()
    assert (len(known), sum(len(each.districts) for each in known)) == (81, 973)
    assert sorted(each.code for each in known) == [f"TR{number:02d}" for number in range(1, 82)]
    # The thirty metropolitan ones have no central district.
    assert sum("Merkez" in each.districts for each in known) == 51
    assert all(len(set(each.districts)) == len(each.districts) for each in known)


@pytest.mark.parametrize("text", ["İstanbul", "ISTANBUL", "istanbul ", "TR34", "tr34"])
def test_province_however_it_is_written_then_known(text: str) -> None:
    found = province_of(text)
    assert found is not None
    assert (found.name, district_of(found, "KADIKOY")) == ("İstanbul", "Kadıköy")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (AddressDraft(city="İstanbul", district="kadikoy"), Place("İstanbul", "Kadıköy", Spot.DISTRICT)),
        (AddressDraft(state="TR34", city="Kadıköy"), Place("İstanbul", "Kadıköy", Spot.CITY)),
        (
            AddressDraft(state="TR34", city="Istanbul", line2="Kadıköy"),
            Place("İstanbul", "Kadıköy", Spot.LINE2),
        ),
        (AddressDraft(city="İzmir", line2="Kat 3"), Place("İzmir", "", Spot.DISTRICT)),
        (AddressDraft(city="Atlantis"), Place("Atlantis", "", Spot.DISTRICT)),
    ],
)
def test_place_then_read_from_where_it_stands(address: AddressDraft, place: Place) -> None:
    assert read_place(address) == place


def test_place_when_changed_then_written_where_it_stood() -> None:
    for before in (
        AddressDraft(city="İstanbul", district="Kadıköy"),
        AddressDraft(state="TR34", city="Kadıköy"),
        AddressDraft(state="TR34", city="İstanbul", line2="Kadıköy"),
    ):
        after = with_place(before, "İzmir", "Bornova")
        assert read_place(after) == Place("İzmir", "Bornova", read_place(before).spot)
        assert after.state == ("TR35" if before.state else "")
