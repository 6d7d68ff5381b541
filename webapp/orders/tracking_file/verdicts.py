"""What becomes of a row, given the orders it names: the same question before staff confirm and under the orders' locks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from webapp.core.text import N_
from webapp.orders.enums import LEFT_STATUSES, Dot, OrderStatus
from webapp.orders.states import ITEM_MOVES


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
    TWO_NUMBERS = "two_numbers"
    DUPLICATE = "duplicate"
    CARRIER_UNKNOWN = "carrier_unknown"
    NO_ORDER_NUMBER = "no_order_number"
    NO_NUMBER = "no_number"
    ROUNDED = "rounded"
    BAD_NUMBER = "bad_number"
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
        N_("Other quantity"),
        N_("%(fact)s are to be sent. Divide the order into packages on its page first."),
    ),
    Verdict.TWO_NUMBERS: (
        N_("Two numbers"),
        N_("Rows of this file give it different numbers. Name the item of each parcel."),
    ),
    Verdict.DUPLICATE: (N_("Twice in the file"), N_("Row %(fact)s says the same.")),
    Verdict.CARRIER_UNKNOWN: (
        N_("Carrier unknown"),
        N_("“%(fact)s” is no carrier that we know. Write its name as on the page of carriers."),
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
    Verdict.BAD_VALUE: (
        N_("Cell not understood"),
        N_("“%(fact)s” is no quantity, day or web address that we understand."),
    ),
}


class ItemFact(NamedTuple):
    """What decides about an item. `sku` is folded."""

    id: int
    sku: str
    quantity: Decimal
    status: int
    tracking_number: str | None


class OrderFact(NamedTuple):
    """An order with this number, with its items. `is_held_up`: the uploader must read a note before they act on it."""

    id: int
    items: tuple[ItemFact, ...]
    number: str = ""
    is_held_up: bool = False


class SheetRow(NamedTuple):
    """What a row asks for; `problem` is known before any order is looked at. `item` is folded."""

    position: int
    tracking_number: str
    item: str = ""
    quantity: Decimal | None = None
    problem: Verdict | None = None
    fact: str = ""


class Judgement(NamedTuple):
    """A row's verdict. `moving` are items that go to 500, `numbered` those that are shipped and only lack the number."""

    position: int
    verdict: Verdict
    fact: str = ""
    order_id: int | None = None
    moving: tuple[int, ...] = ()
    numbered: tuple[int, ...] = ()

    @property
    def item_ids(self) -> frozenset[int]:
        """Every item that would get the number."""
        return frozenset((*self.moving, *self.numbered))


def judge(rows: Sequence[SheetRow], orders: Sequence[OrderFact]) -> list[Judgement]:
    """The verdicts of all rows of a file that name one order number, in their order; `orders` are those that carry it."""
    alone = [_alone(row, orders) for row in rows]
    return _together(rows, alone)


def _alone(row: SheetRow, orders: Sequence[OrderFact]) -> Judgement:
    """The row's verdict if it were the only one."""
    if row.problem is not None:
        return Judgement(row.position, row.problem, row.fact)
    if not orders:
        return Judgement(row.position, Verdict.NOT_FOUND)
    named = [(order, items) for order in orders if (items := _named(row.item, order.items))]
    if not named:
        return Judgement(row.position, Verdict.ITEM_NOT_FOUND, row.item)
    if len(named) > 1:
        return Judgement(row.position, Verdict.AMBIGUOUS, str(len(named)))
    order, items = named[0]
    judged = _of_items(row, order.id, items)
    if order.is_held_up and judged.verdict is Verdict.WILL_SHIP:
        return Judgement(row.position, Verdict.NOTE_UNREAD, order.number, order.id)
    return judged


def _named(item: str, items: Sequence[ItemFact]) -> tuple[ItemFact, ...]:
    """The items that a row means: all, or those with this SKU, or the one with this id."""
    if not item:
        return tuple(items)
    by_sku = tuple(each for each in items if each.sku == item)
    return by_sku or tuple(each for each in items if str(each.id) == item)


def _of_items(row: SheetRow, order_id: int, items: Sequence[ItemFact]) -> Judgement:
    statuses = {each.status for each in items}

    def no(verdict: Verdict, fact: str = "") -> Judgement:
        return Judgement(row.position, verdict, fact, order_id)

    if OrderStatus.CANCELLATION_WAITING in statuses:
        return no(Verdict.PLAN_OPEN)
    live = [each for each in items if each.status not in (OrderStatus.CANCELLED, OrderStatus.REFUNDED)]
    if not live:
        return no(Verdict.CANCELLED)
    if statuses & _UNPAID:
        return no(Verdict.NOT_PAYABLE)
    shippable = [each for each in live if each.status in _SHIPPABLE]
    moving = [each for each in shippable if each.status not in LEFT_STATUSES]
    left = [each for each in live if each.status in LEFT_STATUSES]
    numbered = [] if moving else [each for each in left if not each.tracking_number]
    if not moving and not numbered:
        return no(*_nothing_to_do(row, live, left))
    if row.quantity is not None:
        sent = sum((each.quantity for each in (*moving, *numbered)), Decimal(0))
        if row.quantity != sent:
            return no(Verdict.QUANTITY, f"{sent.normalize():f}")
    return Judgement(
        row.position,
        Verdict.WILL_SHIP,
        order_id=order_id,
        moving=tuple(each.id for each in moving),
        numbered=tuple(each.id for each in numbered),
    )


# Plain numbers compare with members: an item is not looked up in the enumeration for each row that names it.
_SHIPPABLE: Final = frozenset(
    status.value for status, moves in ITEM_MOVES.items() if OrderStatus.SHIPPED in moves
)
_UNPAID: Final[frozenset[int]] = frozenset({OrderStatus.PAYMENT_WAITING, OrderStatus.CONFIRMATION_WAITING})


def _nothing_to_do(row: SheetRow, live: Sequence[ItemFact], left: Sequence[ItemFact]) -> tuple[Verdict, str]:
    if not left:
        return Verdict.NOT_MOVABLE, OrderStatus(live[0].status).label
    others = [each.tracking_number or "" for each in left if each.tracking_number != row.tracking_number]
    # Parts of an order may travel in parcels of their own: this row's parcel is one of them.
    if len(others) < len(left):
        return Verdict.UNCHANGED, ""
    return Verdict.OTHER_NUMBER, others[0]


def _together(rows: Sequence[SheetRow], alone: Sequence[Judgement]) -> list[Judgement]:
    """Rows that would ship, compared with each other: the same again is a duplicate, two numbers for one thing are refused."""
    if len(rows) == 1:
        return list(alone)
    numbers = {row.position: row.tracking_number for row in rows}
    claims: dict[int, list[Judgement]] = {}
    for judged in alone:
        for item_id in judged.item_ids:
            claims.setdefault(item_id, []).append(judged)
    return [_beside(judged, claims, numbers) for judged in alone]


def _beside(
    judged: Judgement, claims: Mapping[int, Collection[Judgement]], numbers: Mapping[int, str]
) -> Judgement:
    if judged.verdict is not Verdict.WILL_SHIP:
        return judged
    rivals = {
        other.position: other
        for item_id in judged.item_ids
        for other in claims[item_id]
        if other.position != judged.position
    }
    mine = numbers[judged.position]
    if any(numbers[position] != mine for position in rivals):
        return Judgement(judged.position, Verdict.TWO_NUMBERS, order_id=judged.order_id)
    earlier = _first_covering(judged, rivals.values())
    if earlier is not None:
        return Judgement(judged.position, Verdict.DUPLICATE, str(earlier), judged.order_id)
    return judged


def _first_covering(judged: Judgement, rivals: Iterable[Judgement]) -> int | None:
    """The earliest row that says the same of every item of this one."""
    covering = [each for each in rivals if each.item_ids >= judged.item_ids]
    # Of two equal rows the first ships; a row for the whole order takes those for its items with it.
    ahead = [
        each.position
        for each in covering
        if each.item_ids > judged.item_ids or each.position < judged.position
    ]
    return min(ahead) if ahead else None
