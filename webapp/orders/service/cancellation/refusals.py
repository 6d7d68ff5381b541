"""Refusals of cancelling that callers tell apart by their class, not only by their code."""

from collections.abc import Mapping
from typing import Final

from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.cancellation import ProblemCode


class MissingReason(InvalidInput):
    """An item without an active reason of its plan's kind, or a reason without the words that it asks for."""

    code = "reason_missing"


class MoreThanOneOpenPlan(Conflict):
    """The order has several open cancellations, and it was not said which is meant."""

    code = "more_than_one_open_plan"


class FiguresChanged(Conflict):
    """What goes back is no longer what was opened; the plan waits again with its new figures, which are kept."""

    code = "figures_changed"


class PurchaseTransactionNotFound(Conflict):
    """Money is to go back by name, but the order has no payment that could carry it."""

    code = "purchase_transaction_not_found"


class UpdateCancelStatusRefused(InvalidInput):
    """Items that are not one whole plan, or a status that no person sets."""

    code = "update_cancel_status"


# A problem of the draft that has a class of its own; the others are InvalidInput with the problem's code.
BY_PROBLEM: Final[Mapping[ProblemCode, type[InvalidInput]]] = dict.fromkeys(
    (
        ProblemCode.REASON_MISSING,
        ProblemCode.REASON_INACTIVE,
        ProblemCode.REASON_WRONG_KIND,
        ProblemCode.REASON_TEXT_MISSING,
    ),
    MissingReason,
)
