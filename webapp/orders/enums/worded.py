"""What gives the codes their words: English message ids marked by `N_`; templates translate them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Dot(StrEnum):
    """The colour beside a state: grey idle, amber needs somebody, blue in work, indigo moving, green done."""

    GREY = "grey"
    AMBER = "amber"
    BLUE = "blue"
    INDIGO = "indigo"
    GREEN = "green"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Wording:
    """What staff read for a state, and its dot."""

    label: str
    dot: Dot = Dot.GREY


_WORDING: Final[dict[type, Mapping[Any, Wording]]] = {}


class Worded:
    """An enum whose members have a label and a dot in `_WORDING`."""

    @property
    def label(self) -> str:
        """English words for staff, to be translated where shown."""
        return _WORDING[type(self)][self].label

    @property
    def dot(self) -> Dot:
        """The colour of its dot."""
        return _WORDING[type(self)][self].dot


def say(codes: type, wording: Mapping[Any, Wording]) -> None:
    """Give each member of an enum its words, right below it."""
    _WORDING[codes] = wording
