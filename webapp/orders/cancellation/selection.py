"""Which rows a request takes, in which of the two plans, and what stands in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from webapp.orders.cancellation.facts import CancelItem, CancelRequest, ItemFacts, OrderFacts, ReasonChoice
from webapp.orders.cancellation.plan import PlanLine, Problem, ProblemCode, RowSplit, Severity
from webapp.orders.enums import ENDED_STATUSES, LIVE_STATUSES, PlanKind
from webapp.orders.pricing import is_divisible, split_row
from webapp.orders.states import plan_kind


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows taken, cancelled ones first; `stays`: some row, or part of one, is neither taken nor ended."""

    lines: tuple[PlanLine, ...]
    stays: bool
    problems: tuple[Problem, ...]


def select_rows(order: OrderFacts, request: CancelRequest) -> Selection:
    """The rows and parts of rows that the request takes; what cannot be taken is a problem and left out."""
    items = {item.key: item for item in order.items}
    lines: list[PlanLine] = []
    taken: dict[int, Decimal] = {}
    problems: list[Problem] = []
    for wish in _wishes(order, request):
        item = items.get(wish.key)
        obstacle = _unknown(wish) if item is None else _obstacle(item, wish, is_repeated=wish.key in taken)
        if item is None or obstacle is not None:
            problems += [obstacle] if obstacle else []
            continue
        line = _line(item, wish, request, order.currency)
        taken[item.key] = line.quantity
        lines.append(line)
        problems += _reason_problems(line)
    if not taken and not problems:
        message = "No item can be cancelled: each has ended or stands in another plan."
        problems.append(Problem(ProblemCode.NOTHING_TO_CANCEL, Severity.OPENING, message))
    return Selection(
        lines=tuple(sorted(lines, key=lambda line: line.kind is PlanKind.REFUND)),
        stays=any(_stays(item, taken.get(item.key)) for item in order.items),
        problems=tuple(problems),
    )


def _wishes(order: OrderFacts, request: CancelRequest) -> Sequence[CancelItem]:
    if not request.is_all:
        return request.items
    return [CancelItem(item.key) for item in order.items if item.status in LIVE_STATUSES]


def _stays(item: ItemFacts, taken: Decimal | None) -> bool:
    """A row that waits in another plan stays: that plan may be rejected (decision 7)."""
    return item.status not in ENDED_STATUSES and (taken is None or taken < item.quantity)


def _unknown(wish: CancelItem) -> Problem:
    message = f"The order has no item {wish.key}."
    return Problem(ProblemCode.ITEM_UNKNOWN, Severity.OPENING, message, wish.key)


def _obstacle(item: ItemFacts, wish: CancelItem, *, is_repeated: bool) -> Problem | None:
    """What keeps the row, or that many units of it, out of a plan."""

    def problem(code: ProblemCode, message: str) -> Problem:
        return Problem(code, Severity.OPENING, message, item.key)

    if is_repeated:
        return problem(
            ProblemCode.ITEM_REPEATED, f"{item.name} is named twice; name it once with its quantity."
        )
    if item.status in ENDED_STATUSES:
        return problem(ProblemCode.ITEM_ENDED, f"{item.name} is {item.status.label.lower()} already.")
    if item.status not in LIVE_STATUSES:
        message = f"{item.name} stands in another open plan; approve or reject that one first."
        return problem(ProblemCode.ITEM_IN_OPEN_PLAN, message)
    if wish.quantity is None or wish.quantity == item.quantity:
        return None
    if is_divisible(item.quantity) and 0 < wish.quantity < item.quantity and wish.quantity % 1 == 0:
        return None
    whole = (
        f"between 1 and {item.quantity.normalize():f}" if is_divisible(item.quantity) else "only as a whole"
    )
    return problem(ProblemCode.QUANTITY, f"{item.name} can be cancelled {whole}.")


def _line(item: ItemFacts, wish: CancelItem, request: CancelRequest, currency: str) -> PlanLine:
    kind = plan_kind(item.status)
    reason = _reason(wish, request, kind)
    quantity = item.quantity if wish.quantity is None else wish.quantity
    if quantity == item.quantity:
        return PlanLine(item.key, item.name, kind, quantity, item.money, reason)
    part, rest = split_row(item.money, item.quantity, quantity, currency)
    return PlanLine(item.key, item.name, kind, quantity, part, reason, RowSplit(part, rest))


def _reason(wish: CancelItem, request: CancelRequest, kind: PlanKind) -> ReasonChoice | None:
    if wish.reason is not None:
        return wish.reason
    return next((reason for reason in request.reasons if reason.kind is kind), None)


def _reason_problems(line: PlanLine) -> Iterator[Problem]:
    """Every row needs an active reason of its plan's kind, with words where the reason asks for them."""
    reason = line.reason

    def problem(code: ProblemCode, message: str) -> Problem:
        return Problem(code, Severity.OPENING, message, line.item_key, "reason")

    if reason is None:
        yield problem(ProblemCode.REASON_MISSING, f"Choose a reason for {line.name}.")
        return
    if not reason.is_active:
        yield problem(
            ProblemCode.REASON_INACTIVE, f"The reason for {line.name} is no longer used; choose another."
        )
    if reason.kind is not line.kind:
        other = "returned" if line.kind is PlanKind.REFUND else "cancelled"
        yield problem(ProblemCode.REASON_WRONG_KIND, f"{line.name} is {other}; choose a reason for that.")
    if reason.needs_text and not reason.text.strip():
        yield problem(ProblemCode.REASON_TEXT_MISSING, f"The reason for {line.name} needs a few words.")
