"""Cancelling, as arithmetic: `draft_cancellation(order facts, request)` gives plans and problems; nothing is written.

facts: the order and the request. selection: which rows, in which plan. amounts: how much for each. tenders: over
which payments. approval: who may decide. drafting: the story. plan: what comes out.
"""

from webapp.orders.cancellation.approval import needs_second_person, roles_that_approve_alone
from webapp.orders.cancellation.drafting import FigureChange, changed_figures, draft_cancellation
from webapp.orders.cancellation.facts import (
    CancelItem,
    CancelRequest,
    ItemFacts,
    NothingNamed,
    OrderFacts,
    OverlappingParameters,
    ReasonChoice,
    TenderFacts,
    shipping_policy,
)
from webapp.orders.cancellation.plan import (
    CancellationDraft,
    Need,
    PlanDraft,
    PlanLine,
    Problem,
    ProblemCode,
    RowSplit,
    Severity,
    TenderPart,
)

__all__ = [
    "CancelItem",
    "CancelRequest",
    "CancellationDraft",
    "FigureChange",
    "ItemFacts",
    "Need",
    "NothingNamed",
    "OrderFacts",
    "OverlappingParameters",
    "PlanDraft",
    "PlanLine",
    "Problem",
    "ProblemCode",
    "ReasonChoice",
    "RowSplit",
    "Severity",
    "TenderFacts",
    "TenderPart",
    "changed_figures",
    "draft_cancellation",
    "needs_second_person",
    "roles_that_approve_alone",
    "shipping_policy",
]
