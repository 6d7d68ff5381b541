"""What becomes of a row: the verdicts, and what staff read of each. judging.py decides which."""

from enum import StrEnum
from typing import Final

from webapp.core.text import N_
from webapp.orders.enums import Dot


class Verdict(StrEnum):
    """What the preview says of a row, and after the upload was applied what became of it."""

    WILL_SHIP = "will_ship"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not_found"
    AMBIGUOUS = "ambiguous"
    ITEM_NOT_FOUND = "item_not_found"
    CANCELLED = "cancelled"
    PLAN_OPEN = "plan_open"
    NOTE_UNREAD = "note_unread"
    NOT_PAYABLE = "not_payable"
    OTHER_NUMBER = "other_number"
    NOT_MOVABLE = "not_movable"
    QUANTITY = "quantity"
    WHICH_ITEM = "which_item"
    WHOLE_UNITS = "whole_units"
    TWO_NUMBERS = "two_numbers"
    TWO_QUANTITIES = "two_quantities"
    DUPLICATE = "duplicate"
    CARRIER_UNKNOWN = "carrier_unknown"
    NO_ORDER_NUMBER = "no_order_number"
    NO_NUMBER = "no_number"
    ROUNDED = "rounded"
    BAD_NUMBER = "bad_number"
    BAD_QUANTITY = "bad_quantity"
    BAD_VALUE = "bad_value"

    @property
    def label(self) -> str:
        """A few English words for staff, to be translated where shown."""
        return _WORDS[self][0]

    @property
    def remedy(self) -> str:
        """A sentence that says what to do, with `%(fact)s` for what it is about; translated where shown."""
        return _WORDS[self][1]

    @property
    def dot(self) -> Dot:
        """The colour of its dot."""
        if self is Verdict.WILL_SHIP:
            return Dot.BLUE
        return Dot.GREY if self in HARMLESS else Dot.AMBER


# Nothing to do, and nothing wrong either.
HARMLESS: Final = frozenset({Verdict.UNCHANGED, Verdict.DUPLICATE})
PROBLEMS: Final = frozenset(Verdict) - HARMLESS - {Verdict.WILL_SHIP}

_WORDS: Final[dict[Verdict, tuple[str, str]]] = {
    Verdict.WILL_SHIP: (N_("Will ship"), ""),
    Verdict.UNCHANGED: (N_("Has this number already"), N_("Nothing to do.")),
    Verdict.NOT_FOUND: (
        N_("Order not found"),
        N_("There is no order with this number. Compare it with the order's page."),
    ),
    Verdict.AMBIGUOUS: (
        N_("Several orders"),
        N_("%(fact)s orders of different channels have this number. Name the item by its id."),
    ),
    Verdict.ITEM_NOT_FOUND: (N_("Item not found"), N_("The order has no item “%(fact)s”.")),
    Verdict.CANCELLED: (N_("Cancelled"), N_("It is cancelled or refunded. Keep the parcel here.")),
    Verdict.PLAN_OPEN: (
        N_("Being cancelled"),
        N_("A cancellation is open. Decide it first, or name the items that are sent all the same."),
    ),
    Verdict.NOTE_UNREAD: (
        N_("A note must be read first"),
        N_(
            "A colleague left a note on order %(fact)s that must be read before anything else. Open the order, confirm "
            "that you have read it, then have the file checked or upload it again."
        ),
    ),
    Verdict.NOT_PAYABLE: (
        N_("Not paid or confirmed"),
        N_("It still waits for its payment or confirmation. Send nothing before that."),
    ),
    Verdict.OTHER_NUMBER: (
        N_("Shipped with another number"),
        N_("It was shipped with %(fact)s. Change that number on the order's page if it is wrong."),
    ),
    Verdict.NOT_MOVABLE: (
        N_("Cannot be shipped"),
        N_("Its status is “%(fact)s”, from which nothing is shipped."),
    ),
    Verdict.QUANTITY: (
        N_("Too many"),
        N_("Only %(fact)s can still be sent, and the file asks for more."),
    ),
    Verdict.WHICH_ITEM: (
        N_("Which item?"),
        N_("%(fact)s units of several items can be sent. Write the SKU or id of those in this parcel."),
    ),
    Verdict.WHOLE_UNITS: (
        N_("Not divisible"),
        N_("%(fact)s can be sent, in whole units or all together."),
    ),
    Verdict.TWO_NUMBERS: (
        N_("Two numbers"),
        N_("Rows of this file give it different numbers. Write the item, or the quantity, of each parcel."),
    ),
    Verdict.TWO_QUANTITIES: (
        N_("Two quantities"),
        N_("Rows of this file give one number different quantities of it. Write them as one row."),
    ),
    Verdict.DUPLICATE: (N_("Twice in the file"), N_("Row %(fact)s says the same.")),
    Verdict.CARRIER_UNKNOWN: (
        N_("Carrier unknown"),
        N_("“%(fact)s” is no carrier that we know. Write one of: %(known)s."),
    ),
    Verdict.NO_ORDER_NUMBER: (N_("No order number"), N_("Write the order's number into its cell.")),
    Verdict.NO_NUMBER: (N_("No tracking number"), N_("Write the tracking number into its cell.")),
    Verdict.ROUNDED: (
        N_("Number was rounded"),
        N_(
            "A spreadsheet has turned a long number into %(fact)s and lost its digits. "
            "Format the column as text and enter the number again."
        ),
    ),
    Verdict.BAD_NUMBER: (
        N_("Bad tracking number"),
        N_("“%(fact)s” is no tracking number: 4 to 64 letters, digits and the signs - . / _"),
    ),
    Verdict.BAD_QUANTITY: (
        N_("Bad quantity"),
        N_("“%(fact)s” is no quantity. Write a whole number, 1 or more."),
    ),
    Verdict.BAD_VALUE: (
        N_("Cell not understood"),
        N_("“%(fact)s” is no day or web address that we understand."),
    ),
}
