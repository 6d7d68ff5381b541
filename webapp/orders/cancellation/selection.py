"""Which rows a request takes, in which of the two plans, and what stands in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from webapp.core.sentences import mid_sentence, said
from webapp.core.text import N_
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
        message = N_("No item can be cancelled: each has ended or stands in another plan.")
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
    """A row that waits in another plan stays: that plan may be rejected."""
    return item.status not in ENDED_STATUSES and (taken is None or taken < item.quantity)


def _unknown(wish: CancelItem) -> Problem:
    message = said(N_("The order has no item %(item)s."), item=wish.key)
    return Problem(ProblemCode.ITEM_UNKNOWN, Severity.OPENING, message, wish.key)


def _obstacle(item: ItemFacts, wish: CancelItem, *, is_repeated: bool) -> Problem | None:
    """What keeps the row, or that many units of it, out of a plan."""

    def problem(code: ProblemCode, message: str) -> Problem:
        return Problem(code, Severity.OPENING, message, item.key)

    if is_repeated:
        return problem(
            ProblemCode.ITEM_REPEATED,
            said(N_("%(item)s is named twice; name it once with its quantity."), item=item.name),
        )
    if item.status in ENDED_STATUSES:
        return problem(
            ProblemCode.ITEM_ENDED,
            said(
                N_("%(item)s is %(status)s already."), item=item.name, status=mid_sentence(item.status.label)
            ),
        )
    if item.status not in LIVE_STATUSES:
        message = said(
            N_("%(item)s stands in another open plan; approve or reject that one first."), item=item.name
        )
        return problem(ProblemCode.ITEM_IN_OPEN_PLAN, message)
    if wish.quantity is None or wish.quantity == item.quantity:
        return None
    if is_divisible(item.quantity) and 0 < wish.quantity < item.quantity and wish.quantity % 1 == 0:
        return None
    if is_divisible(item.quantity):
        most = f"{item.quantity.normalize():f}"
        message = said(N_("%(item)s can be cancelled between 1 and %(most)s."), item=item.name, most=most)
    else:
        message = said(N_("%(item)s can be cancelled only as a whole."), item=item.name)
    return problem(ProblemCode.QUANTITY, message)


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
        yield problem(ProblemCode.REASON_MISSING, said(N_("Choose a reason for %(item)s."), item=line.name))
        return
    if not reason.is_active:
        yield problem(
            ProblemCode.REASON_INACTIVE,
            said(N_("The reason for %(item)s is no longer used; choose another."), item=line.name),
        )
    if reason.kind is not line.kind:
        is_return = line.kind is PlanKind.REFUND
        template = (
            N_("%(item)s is returned; choose a reason for that.")
            if is_return
            else N_("%(item)s is cancelled; choose a reason for that.")
        )
        yield problem(ProblemCode.REASON_WRONG_KIND, said(template, item=line.name))
    if reason.needs_text and not reason.text.strip():
        yield problem(
            ProblemCode.REASON_TEXT_MISSING,
            said(N_("The reason for %(item)s needs a few words."), item=line.name),
        )
