"""What staff read for kinds, states and results of background work. Message ids are English, translated where shown."""

from dataclasses import dataclass
from datetime import datetime

from webapp.core.operations import Operation, OperationState
from webapp.core.text import N_
from webapp.core.worklist import Outcome
from webapp.orders.enums import Dot


@dataclass(frozen=True)
class KindWords:
    """`label` names the work in lists; `doing` says it while it runs."""

    label: str
    doing: str


@dataclass(frozen=True)
class StateWords:
    """A dot's colour and the word beside it."""

    dot: Dot
    label: str


KINDS: dict[str, KindWords] = {
    "channel.pull": KindWords(N_("Pull"), N_("Pulling orders")),
    "channel.reread": KindWords(N_("Re-read of open orders"), N_("Reading open orders again")),
    "channel.refresh_order": KindWords(N_("Refresh of one order"), N_("Refreshing the order")),
    "channel.backfill": KindWords(N_("Backfill"), N_("Backfilling orders")),
    "channel.deliver": KindWords(N_("Telling the channel"), N_("Telling the channel")),
    "channel.replay": KindWords(N_("Replay of failed records"), N_("Replaying failed records")),
    "refund.run": KindWords(N_("Refund"), N_("Paying back")),
    "refund.recheck": KindWords(N_("Second look at a refund"), N_("Asking the bank about a refund")),
    "transfers.settle": KindWords(N_("Settling of a transfer batch"), N_("Settling transfers")),
    "payment.history": KindWords(N_("Payment history"), N_("Asking the bank for payments")),
    "refund.reconcile": KindWords(N_("Reconciliation"), N_("Comparing with the bank")),
    "cancellation.progress": KindWords(N_("Moving the plans of a payment type"), N_("Moving plans along")),
    "cancellation.approve_many": KindWords(N_("Approval of many plans"), N_("Approving plans")),
    "order.move_many": KindWords(N_("Moving of many orders"), N_("Moving orders")),
    "cancellation.reject_many": KindWords(N_("Rejection of many plans"), N_("Rejecting plans")),
    "cancellation.open_many": KindWords(N_("Cancelling of many orders"), N_("Opening plans")),
    "operations.forget": KindWords(N_("Forgetting of old operations"), N_("Forgetting old operations")),
    "orders.tag_many": KindWords(N_("Tagging of many orders"), N_("Tagging orders")),
    "orders.assign_many": KindWords(N_("Assigning of many orders"), N_("Giving orders to somebody")),
    "customers.erase": KindWords(N_("Erasing of a customer"), N_("Erasing a customer")),
    "customers.retention": KindWords(
        N_("Erasing of old customers"), N_("Erasing customers whose time has passed")
    ),
    "orders.figures": KindWords(N_("Figures for the dashboard"), N_("Summing up orders and refunds")),
    "cargo.errands": KindWords(N_("Carrier"), N_("Asking the carrier")),
    "cargo.check": KindWords(N_("Test of a carrier"), N_("Testing the carrier")),
    "orders.export": KindWords(N_("Export of orders"), N_("Writing orders to a file")),
    "files.tidy": KindWords(N_("Tidying of old files"), N_("Deleting old files")),
    "tracking.check": KindWords(N_("Check of a tracking upload"), N_("Checking tracking numbers")),
    "tracking.apply": KindWords(N_("Tracking upload"), N_("Applying tracking numbers")),
    "tracking.undo": KindWords(N_("Undoing of a tracking upload"), N_("Undoing tracking numbers")),
    "webhooks.spread": KindWords(N_("Sorting of events for webhooks"), N_("Sorting events for webhooks")),
    "webhooks.deliver": KindWords(N_("Deliveries to a webhook"), N_("Delivering to a webhook")),
    "webhooks.clean": KindWords(
        N_("Clearing of old webhook deliveries"), N_("Clearing old webhook deliveries")
    ),
    "channel.check": KindWords(N_("Connection test"), N_("Testing the connection")),
}

# In this order the filter offers them.
STATES: dict[OperationState, str] = {
    OperationState.READY: N_("Waiting"),
    OperationState.LEASED: N_("Running"),
    OperationState.DONE: N_("Done"),
    OperationState.DEAD: N_("Given up"),
}

# What became of each thing that an operation went through, with its dot.
OUTCOMES: dict[str, StateWords] = {
    Outcome.WAITING: StateWords(Dot.GREY, N_("Waiting")),
    Outcome.DONE: StateWords(Dot.GREEN, N_("Done")),
    Outcome.UNCHANGED: StateWords(Dot.GREY, N_("Was so already")),
    Outcome.REFUSED: StateWords(Dot.RED, N_("Refused")),
}

# Figures of an operation's result that a person wants to read, in this order; programs read the rest as JSON.
RESULT_FIGURES: dict[str, str] = {
    "seen": N_("Read"),
    "created": N_("New"),
    "updated": N_("Changed"),
    "ready": N_("Ready to apply"),
    "unchanged": N_("Unchanged"),
    "skipped": N_("Skipped"),
    "failed": N_("Failed"),
}
# Those that are worth a word in one line.
NEWS: dict[str, str] = {
    "created": N_("new"),
    "updated": N_("changed"),
    "ready": N_("ready to apply"),
    "failed": N_("failed"),
}


def kind_words(kind: str) -> KindWords:
    """The words of a kind; one that nobody has named yet is shown by its code."""
    return KINDS.get(kind, KindWords(kind, kind))


def state_words(operation: Operation, now: datetime) -> StateWords:
    """How it stands: waiting, trying again later, running, done (perhaps with failures), given up."""
    match OperationState(operation.state):
        case OperationState.LEASED:
            return StateWords(Dot.BLUE, STATES[OperationState.LEASED])
        case OperationState.DEAD:
            return StateWords(Dot.RED, STATES[OperationState.DEAD])
        case OperationState.DONE:
            if failures(operation):
                return StateWords(Dot.AMBER, N_("Done, some failed"))
            return StateWords(Dot.GREEN, STATES[OperationState.DONE])
        case OperationState.READY:
            if operation.next_run_at > now:
                return StateWords(
                    Dot.AMBER, N_("Waiting for its next try") if operation.last_error else N_("Waiting")
                )
            return StateWords(Dot.GREY, STATES[OperationState.READY])


def failures(operation: Operation) -> int:
    """How many single things of an operation that ended well did not; 0 when its result tells none."""
    found = (operation.result or {}).get("failed", 0)
    return found if isinstance(found, int) else 0


def news(operation: Operation) -> list[tuple[str, int]]:
    """The counts of the result that are news, in words for one line."""
    result = operation.result or {}
    return [(label, result[key]) for key, label in NEWS.items() if result.get(key)]


def figures(operation: Operation) -> list[tuple[str, int]]:
    """The counts of the result, named for people."""
    result = operation.result or {}
    return [(label, result[key]) for key, label in RESULT_FIGURES.items() if isinstance(result.get(key), int)]
