"""What a channel was told, as the order's page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from webapp.orders.enums import STUCK_ACTION_STATES, ActionKind, ActionState
from webapp.orders.models import IntegrationAction
from webapp.orders.views.shown import worded


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One message to the channel in words; `at` is when it got into its state, `code` the channel's own, if it gave one."""

    id: int
    kind: str
    state: str
    dot: str
    words: str
    code: str
    attempts: int
    at: datetime
    next_at: datetime | None
    is_stuck: bool
    can_send: bool


def told_lines(actions: Iterable[IntegrationAction]) -> list[ToldLine]:
    """Each message in the order given."""
    return [told_line(action) for action in actions]


def told_line(action: IntegrationAction) -> ToldLine:
    """One message."""
    state = ActionState(action.state)
    return ToldLine(
        id=action.id,
        kind=worded(ActionKind, action.kind),
        state=worded(ActionState, action.state),
        dot=state.dot,
        words=action.failure_words or "",
        code="" if state is ActionState.UNSUPPORTED else action.failure_code or "",
        attempts=action.attempts,
        at=action.ended_at or action.sent_at or action.created_at,
        next_at=action.next_run_at if state is ActionState.FAILED else None,
        is_stuck=state in STUCK_ACTION_STATES,
        can_send=state in STUCK_ACTION_STATES or state is ActionState.FAILED,
    )
