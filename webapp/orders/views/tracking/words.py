"""What staff read about uploads: states, refusals of files, verdicts with what to do."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from webapp.core.text import N_
from webapp.orders.enums import Dot
from webapp.orders.tracking_file.columns import Field
from webapp.orders.tracking_file.verdicts import Verdict
from webapp.ui.i18n import gettext

# (dot, words)
STATES: Final[dict[str, tuple[Dot, str]]] = {
    "reading": (Dot.BLUE, N_("Being checked")),
    "mapping": (Dot.AMBER, N_("Columns to be chosen")),
    "checked": (Dot.AMBER, N_("Checked, not applied")),
    "applying": (Dot.BLUE, N_("Being applied")),
    "applied": (Dot.GREEN, N_("Applied")),
    "undoing": (Dot.BLUE, N_("Being undone")),
    "undone": (Dot.GREY, N_("Undone")),
    "refused": (Dot.RED, N_("Could not be read")),
}
OPEN: Final = frozenset({"reading", "applying", "undoing"})
# Which of the three steps a state belongs to.
STEPS: Final = {"reading": 2, "mapping": 2, "checked": 2, "refused": 1}

_REFUSALS: Final[dict[str, str]] = {
    "empty": N_("The file has no rows. Save the sheet that holds the numbers, and upload it again."),
    "old_excel": N_("This is the old Excel format (.xls). Save it as .xlsx or .csv and upload that."),
    "not_a_spreadsheet": N_("This is no spreadsheet. Upload an .xlsx or .csv file."),
    "damaged": N_("The file is damaged. Open it in your spreadsheet program, save it again and upload that."),
    "dangerous": N_("The file tries to read other files or to fill our memory. It was not opened."),
    "unpacks_too_large": N_(
        "Unpacked, the file is larger than 50 MB. Remove what is not needed, or divide it."
    ),
    "beyond_limits": N_(
        "Reading the file takes more memory or time than it may. Save it as .csv, or divide it."
    ),
    "too_many_rows": N_("The file has more than %(fact)s rows. Divide it and upload the parts."),
    "too_many_columns": N_("Row %(fact)s has more than 20 columns. Remove those that are not needed."),
    "cell_too_long": N_("A cell of row %(fact)s is longer than 1,000 characters."),
    "encoding": N_("The file's letters cannot be read. Save it as CSV UTF-8 and upload it again."),
    "gone": N_("The file was deleted meanwhile. Upload it again."),
    "too_large": N_("The file is larger than 10 MB. Remove what is not needed, or divide it."),
    "missing": N_("Choose a file first."),
}
# The column that a verdict is about; of the others it is the order's.
_ABOUT: Final = {
    Verdict.ITEM_NOT_FOUND: Field.ITEM,
    Verdict.AMBIGUOUS: Field.ORDER_NUMBER,
    Verdict.QUANTITY: Field.QUANTITY,
    Verdict.WHOLE_UNITS: Field.QUANTITY,
    Verdict.TWO_QUANTITIES: Field.QUANTITY,
    Verdict.BAD_QUANTITY: Field.QUANTITY,
    Verdict.WHICH_ITEM: Field.ITEM,
    Verdict.CARRIER_UNKNOWN: Field.CARRIER,
    Verdict.OTHER_NUMBER: Field.TRACKING_NUMBER,
    Verdict.TWO_NUMBERS: Field.TRACKING_NUMBER,
    Verdict.NO_NUMBER: Field.TRACKING_NUMBER,
    Verdict.ROUNDED: Field.TRACKING_NUMBER,
    Verdict.BAD_NUMBER: Field.TRACKING_NUMBER,
}


class Cell(NamedTuple):
    """A cell as it came, and whether it is the one that the verdict is about."""

    text: str
    is_bad: bool


def refusal_words(refusal: Mapping[str, Any]) -> str:
    """Why a file is refused and what to do, in one sentence or two."""
    words = _REFUSALS.get(str(refusal.get("code")), _REFUSALS["damaged"])
    return gettext(words, fact=str(refusal.get("fact", "")))


def headline(verdict: Verdict, fact: str, outcome: str = "") -> str:
    """What becomes, or became, of a row in a few words; of a part of an item, how many of how many."""
    part, _, whole = fact.partition("/") if verdict is Verdict.WILL_SHIP else ("", "", "")
    if outcome == "shipped":
        return (
            gettext("Shipped %(part)s of %(whole)s", part=part, whole=whole) if whole else gettext("Shipped")
        )
    if outcome in _DONE:
        return gettext(_DONE[outcome])
    return (
        gettext("Will ship %(part)s of %(whole)s", part=part, whole=whole)
        if whole
        else gettext(verdict.label)
    )


_DONE: Final = {"undone": N_("Undone"), "kept": N_("Stays shipped")}
_DOTS: Final = {"shipped": Dot.GREEN, "undone": Dot.GREY, "kept": Dot.AMBER}


def dot_of(verdict: Verdict, outcome: str) -> Dot:
    """The colour of a row's dot."""
    return _DOTS.get(outcome, verdict.dot)


def remedy(verdict: Verdict, fact: str, outcome: str = "", *, carriers: str = "") -> str:
    """What to do about a row; empty where there is nothing. `carriers` are those that can be written, in a row."""
    if outcome == "kept":
        return gettext("Changed since, or its channel was told. Open the order to change it.")
    shown = gettext(fact) if verdict is Verdict.NOT_MOVABLE else fact
    return gettext(verdict.remedy, fact=shown, known=carriers) if verdict.remedy else ""


def is_about(verdict: Verdict, field: Field, text: str, fact: str) -> bool:
    """Whether this column's cell is the one to look at."""
    if verdict is Verdict.BAD_VALUE or verdict is Verdict.ROUNDED:
        return bool(fact) and text == fact
    return _ABOUT.get(verdict, Field.ORDER_NUMBER) is field
