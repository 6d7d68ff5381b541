"""A draft of a cancellation in words: what goes back over which payment, who approves, what the button will do."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from flask_babel import gettext, ngettext
from markupsafe import Markup, escape

from webapp.auth.roles import Permission, Role
from webapp.orders.cancellation import (
    CancellationDraft,
    PlanDraft,
    PlanLine,
    Problem,
    ProblemCode,
    Severity,
    TenderPart,
)
from webapp.orders.enums import PlanKind, RefundWay, TenderKind
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.views.items import quantity_text
from webapp.orders.views.shown import worded
from webapp.ui.formatting import money


class Figure(NamedTuple):
    """One line of a plan's sum."""

    label: str
    amount: Decimal
    note: str = ""


class DraftedPlan(NamedTuple):
    """One of the plans that would be opened: title, rows, what goes back, and how."""

    title: str
    rows: Sequence[Figure]
    refund: Decimal
    ways: Sequence[Figure]


class Outcome(NamedTuple):
    """Everything that the dialog says of a draft; `problems` are (sentence, stops the opening)."""

    plans: Sequence[DraftedPlan]
    total: Decimal
    left_before: Decimal
    left_after: Decimal
    problems: Sequence[tuple[str, bool]]
    approval: str
    sentence: str | Markup
    can_open: bool
    currency: str


def outcome_of(draft: CancellationDraft, currency: str, kinds: Mapping[int, str], by: Authority) -> Outcome:
    """The draft in words; `kinds` are the tender kinds by payment."""
    approval = _approval(draft, currency, by)
    return Outcome(
        plans=[_plan(plan, kinds) for plan in draft.plans],
        total=draft.refund_amount,
        left_before=draft.left_before,
        left_after=draft.left_after,
        problems=_problems(draft.problems),
        approval=approval,
        sentence=_sentence(draft, currency, approval),
        can_open=draft.can_open,
        currency=currency,
    )


def _problems(problems: Sequence[Problem]) -> list[tuple[str, bool]]:
    """What stands in the way. A reason that nobody has had the time to choose is no mistake yet, and is asked for once."""
    missing = [each for each in problems if each.code is ProblemCode.REASON_MISSING]
    told = [
        (gettext(each.message), each.severity is Severity.OPENING) for each in problems if each not in missing
    ]
    if len(missing) > 1:
        told.append((gettext("Choose a reason."), False))
    return told + [(gettext(each.message), False) for each in missing if len(missing) == 1]


def not_drafted(sentences: Sequence[str], currency: str) -> Outcome:
    """What the dialog says while what was typed makes no draft."""
    zero = Decimal(0)
    return Outcome([], zero, zero, zero, [(each, True) for each in sentences], "", "", False, currency)


def way_label(way: RefundWay, kind: str) -> str:
    """How a part goes back: by which way, and over which payment."""
    label = gettext(way.label)
    return label if way is not RefundWay.GATEWAY else f"{label} · {worded(TenderKind, kind)}"


def _plan(plan: PlanDraft, kinds: Mapping[int, str]) -> DraftedPlan:
    title = (
        gettext("Cancelled before it is sent")
        if plan.kind is PlanKind.CANCEL
        else gettext("Returned by the customer")
    )
    rows = [_row(line) for line in plan.lines]
    extra = [
        Figure(gettext("Shipping"), plan.shipping_amount),
        Figure(gettext("Difference to what is left of the order"), _difference(plan)),
        Figure(gettext("Adjustment by hand"), plan.adjustment),
    ]
    return DraftedPlan(
        title=title,
        rows=[*rows, *(figure for figure in extra if figure.amount)],
        refund=plan.refund_amount,
        ways=[_way(part, kinds) for part in plan.tenders],
    )


def _row(line: PlanLine) -> Figure:
    """The row's price less its discount, with its interest, and what of it is which."""
    notes = []
    if line.money.discount_amount:
        notes.append(gettext("after its share of the discount"))
    if line.money.installment_interest_amount:
        notes.append(gettext("with its instalment interest"))
    return Figure(f"{quantity_text(line.quantity)} × {line.name}", line.goods, ", ".join(notes))


def _difference(plan: PlanDraft) -> Decimal:
    return sum((line.difference for line in (*plan.lines, *plan.shipping_shares)), Decimal(0))


def _way(part: TenderPart, kinds: Mapping[int, str]) -> Figure:
    return Figure(way_label(part.way, kinds.get(part.tender_key, "")), part.amount)


def _approval(draft: CancellationDraft, currency: str, by: Authority) -> str:
    if Permission.CANCEL_APPROVE not in by.permissions:
        return str(gettext("A supervisor approves it."))
    if by.role.value in draft.alone:
        return str(gettext("You may approve it yourself."))
    alone = [gettext(role.label) for role in Role if role.value in draft.alone]
    if alone:
        told = gettext(
            "It is above your limit in %(currency)s: a second person approves it.", currency=currency
        )
        return str(told)
    return str(gettext("A second person approves it."))


def _sentence(draft: CancellationDraft, currency: str, approval: str) -> Markup:
    count = len(draft.plans)
    opens = ngettext("Opens a cancellation plan.", "Opens %(num)d linked plans, decided together.", count)
    if draft.refund_amount:
        back = Markup(escape(gettext("%(amount)s goes back."))) % {  # noqa: S704 - a figure of ours
            "amount": money(draft.refund_amount, currency)
        }
    else:
        back = escape(gettext("No money goes back."))
    return Markup(" ").join([escape(opens), back, escape(approval)])
