"""Which verdict a row gets, given the orders it names: the same question before staff confirm and under their locks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from webapp.orders.enums import LEFT_STATUSES, OrderStatus
from webapp.orders.states import ITEM_MOVES
from webapp.orders.tracking_file.verdicts import Verdict


class ItemFact(NamedTuple):
    """What decides about an item. `sku` is folded; `line` is the shop's line: rows of one line are its parts."""

    id: int
    sku: str
    quantity: Decimal
    status: int
    tracking_number: str | None
    line: str = ""


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
    """A row's verdict. `moving` are items that go to 500, `numbered` those that are shipped and only lack the number.

    `units`: no more of them than this. `parts`: how many of items that do not get the number as a whole.
    """

    position: int
    verdict: Verdict
    fact: str = ""
    order_id: int | None = None
    moving: tuple[int, ...] = ()
    numbered: tuple[int, ...] = ()
    units: Decimal | None = None
    parts: tuple[tuple[int, Decimal], ...] = ()

    @property
    def item_ids(self) -> frozenset[int]:
        """Every item that would get the number."""
        return frozenset((*self.moving, *self.numbered))


def judge(rows: Sequence[SheetRow], orders: Sequence[OrderFact]) -> list[Judgement]:
    """The verdicts of all rows of a file that name one order number, in their order; `orders` are those that carry it."""
    alone = [_alone(row, orders) for row in rows]
    judged = _together(rows, alone)
    if any(each.units is not None for each in judged):
        return share_out(judged, {item.id: item.quantity for order in orders for item in order.items})
    return judged


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
    judged = _of_items(row, order, items)
    if order.is_held_up and judged.verdict is Verdict.WILL_SHIP:
        return Judgement(row.position, Verdict.NOTE_UNREAD, order.number, order.id)
    return judged


def _named(item: str, items: Sequence[ItemFact]) -> tuple[ItemFact, ...]:
    """The items that a row means: all, or those with this SKU, or the one with this id."""
    if not item:
        return tuple(items)
    by_sku = tuple(each for each in items if each.sku == item)
    return by_sku or tuple(each for each in items if str(each.id) == item)


def _of_items(row: SheetRow, order: OrderFact, items: Sequence[ItemFact]) -> Judgement:
    statuses = {each.status for each in items}

    def no(verdict: Verdict, fact: str = "") -> Judgement:
        return Judgement(row.position, verdict, fact, order.id)

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
        return no(*_nothing_to_do(row, live, _kin(row, order, items) or left))
    found = Judgement(
        row.position,
        Verdict.WILL_SHIP,
        order_id=order.id,
        moving=tuple(each.id for each in moving),
        numbered=tuple(each.id for each in numbered),
    )
    return (
        found if row.quantity is None else _counted(row, found, moving or numbered, _kin(row, order, items))
    )


def _kin(row: SheetRow, order: OrderFact, items: Sequence[ItemFact]) -> list[ItemFact]:
    """What has left of the lines that a row with a quantity names: of an item that was divided, its other parts too."""
    if row.quantity is None:
        return []
    lines = {item.line or item.id for item in items}
    return [each for each in order.items if (each.line or each.id) in lines and each.status in LEFT_STATUSES]


def _counted(
    row: SheetRow, found: Judgement, open_ones: Sequence[ItemFact], kin: Sequence[ItemFact]
) -> Judgement:
    """The verdict of a row that says how many units travel under its number; some may do so already."""
    whole = sum((each.quantity for each in open_ones), Decimal(0))
    travelling = (each.quantity for each in kin if each.tracking_number == row.tracking_number)
    wanted = (row.quantity or Decimal(0)) - sum(travelling, Decimal(0))

    def no(verdict: Verdict, fact: str = "") -> Judgement:
        return Judgement(row.position, verdict, fact, found.order_id)

    if wanted <= 0:
        return no(Verdict.UNCHANGED)
    if wanted == whole:
        return found
    if wanted > whole:
        return no(Verdict.QUANTITY, plainly(whole))
    if len({each.sku or str(each.id) for each in open_ones}) > 1:
        return no(Verdict.WHICH_ITEM, plainly(whole))
    if any(each % 1 for each in (wanted, *(item.quantity for item in open_ones))):
        return no(Verdict.WHOLE_UNITS, plainly(whole))
    return found._replace(units=wanted, fact=f"{plainly(wanted)}/{plainly(whole)}")


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
    counted = judged.units is not None
    # Rows that say how many may share an item: share_out sees to it that they do not ask for more than there is.
    if any(
        numbers[each.position] != mine and not (counted and each.units is not None)
        for each in rivals.values()
    ):
        return Judgement(judged.position, Verdict.TWO_NUMBERS, order_id=judged.order_id)
    same = [each for each in rivals.values() if numbers[each.position] == mine]
    if any(counted and each.units not in (None, judged.units) for each in same):
        return Judgement(judged.position, Verdict.TWO_QUANTITIES, order_id=judged.order_id)
    earlier = _first_covering(judged, same)
    if earlier is not None:
        return Judgement(judged.position, Verdict.DUPLICATE, str(earlier), judged.order_id)
    return judged


def _first_covering(judged: Judgement, rivals: Iterable[Judgement]) -> int | None:
    """The earliest row that says the same of every item of this one."""
    # Of two equal rows the first ships; a row for the whole order takes those for its items, or some units, with it.
    ahead = [each.position for each in rivals if _covers(each, judged)]
    return min(ahead) if ahead else None


def _covers(other: Judgement, judged: Judgement) -> bool:
    if not other.item_ids >= judged.item_ids or (other.units is not None and judged.units is None):
        return False
    says_more = other.item_ids > judged.item_ids or other.units != judged.units
    return says_more or other.position < judged.position


def share_out(judged: Sequence[Judgement], quantities: Mapping[int, Decimal]) -> list[Judgement]:
    """Give every row that says how many its units of the items it names; `quantities` are what the items have.

    Rows that name one item go before those that name several. Rows that together ask for more than there is are all
    refused: nobody knows which of them is wrong.
    """
    left = dict(quantities)
    shared: dict[int, Judgement] = {}
    beyond: set[int] = set()
    counted = [each for each in judged if each.units is not None and each.verdict is Verdict.WILL_SHIP]
    for each in sorted(counted, key=lambda row: (len(row.item_ids), row.position)):
        taken = _take(each, left)
        if sum(taken.values()) == each.units:
            shared[each.position] = _with_parts(each, taken, quantities)
        else:
            beyond |= each.item_ids
    return [
        Judgement(each.position, Verdict.QUANTITY, each.fact.rpartition("/")[2], each.order_id)
        if each in counted and each.item_ids & beyond
        else shared.get(each.position, each)
        for each in judged
    ]


def _take(judged: Judgement, left: dict[int, Decimal]) -> dict[int, Decimal]:
    """Units of each item, the first items first; they are no longer left."""
    needed = judged.units or Decimal(0)
    taken: dict[int, Decimal] = {}
    for item_id in (*judged.moving, *judged.numbered):
        units = min(needed, left[item_id])
        if units:
            taken[item_id] = units
            left[item_id] -= units
            needed -= units
    return taken


def _with_parts(
    judged: Judgement, taken: Mapping[int, Decimal], quantities: Mapping[int, Decimal]
) -> Judgement:
    return judged._replace(
        moving=tuple(each for each in judged.moving if each in taken),
        numbered=tuple(each for each in judged.numbered if each in taken),
        parts=tuple((key, units) for key, units in taken.items() if units != quantities[key]),
    )


def plainly(quantity: Decimal) -> str:
    """`5` for 5.000."""
    return f"{quantity.normalize():f}"
