"""Turkey's 81 provinces with their districts, and where an address keeps them. Pure.

Source: the country's administrative division; turkey.txt has a line per province, its plate number first. Shops keep
province and district in different columns: a change goes back to where the channel has it, so that it can be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from webapp.core.text import fold
from webapp.orders.inputs import AddressDraft

COUNTRY: Final = "TR"


class Spot(StrEnum):
    """The column that holds the district."""

    DISTRICT = "district"
    CITY = "city"
    LINE2 = "line2"


@dataclass(frozen=True, slots=True)
class Province:
    """A province; `code` is the one that shops write as its state (TR34)."""

    code: str
    name: str
    districts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What an address says of province and district, in their official spelling where we know them."""

    province: str
    district: str
    spot: Spot


@cache
def provinces() -> Mapping[str, Province]:
    """All of them by their folded name, in the alphabet's order."""
    lines = Path(__file__).with_name("turkey.txt").read_text(encoding="utf-8").splitlines()
    found = [
        Province(f"TR{line[:2]}", name, tuple(districts.split(", ")))
        for line in lines
        for name, districts in [line[3:].split(": ")]
    ]
    return {fold(each.name): each for each in sorted(found, key=lambda each: fold(each.name))}


def province_of(text: str) -> Province | None:
    """The province of this name, however it is written, or of a code such as TR34."""
    wanted = fold(text)
    return provinces().get(wanted) or next(
        (each for each in provinces().values() if each.code.lower() == wanted), None
    )


def district_of(province: Province, text: str) -> str | None:
    """The province's district of this name, in its official spelling."""
    wanted = fold(text)
    return next((name for name in province.districts if fold(name) == wanted), None)


def read_place(address: AddressDraft) -> Place:
    """Province and district of a Turkish address, wherever they stand in it."""
    by_state, by_city = province_of(address.state), province_of(address.city)
    province = by_state or by_city
    if address.district:
        named = district_of(province, address.district) if province else None
        return Place(province.name if province else address.city, named or address.district, Spot.DISTRICT)
    if by_state is not None and address.city and by_city is not by_state:
        return Place(by_state.name, district_of(by_state, address.city) or address.city, Spot.CITY)
    if province is not None:
        in_line2 = district_of(province, address.line2)
        if in_line2 is not None:
            return Place(province.name, in_line2, Spot.LINE2)
    return Place(province.name if province else address.city, "", Spot.DISTRICT)


def with_place(address: AddressDraft, province: str, district: str) -> AddressDraft:
    """The address with another province and district, each written where it was; `line2` is the text beside it."""
    place = read_place(address)
    known = province_of(province)
    state = address.state
    if known is not None and state:
        state = known.code if state.upper().startswith(COUNTRY) else known.name
    if place.spot is Spot.CITY:
        return replace(address, state=state, city=district)
    if place.spot is Spot.LINE2:
        return replace(address, state=state, city=province, line2=district)
    return replace(address, state=state, city=province, district=district)
