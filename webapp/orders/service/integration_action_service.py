"""The outbox: what a channel must be told, written in the transaction of the change and delivered in order per order.

What `args` hold, by kind (ids and plain facts; what is not said is read from the order when it is sent):

    acknowledge   nothing
    status        status: "450"; told as a whole order's
    tracking      tracking_number, and items: [ids] or package_id; without either, all items that have not ended
    cancel        plan_id, items: [ids], is_all
    address       side: "shipping" | "billing", address_id: the version to tell (default: the order's own)
    stock         items: [ids]
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.bulk import Rows
from webapp.core.db import before_commit
from webapp.core.errors import Conflict, NotFound
from webapp.core.operations import NewOperation, Operation, OperationState, Queue, hint_after_commit
from webapp.core.operations import create as create_operation
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import OPEN_ACTION_STATES, STUCK_ACTION_STATES, ActionKind, ActionState
from webapp.orders.locks import held_up, limit_waiting, lock_order, lock_orders
from webapp.orders.models import IntegrationAction, Order
from webapp.orders.service.channel_answers import ChannelAnswer, channel_answered, wants_answer

DELIVER_KIND: Final = "channel.deliver"
LONGEST_WORDS: Final = 1_000
_ACTIONS: Final = Rows(IntegrationAction, "channel_id order_id order_item_id kind args")
# Of these only the newest is true: an older one must not be sent after it.
_SUPERSEDED_BY_NEWER: Final = frozenset({ActionKind.STATUS, ActionKind.ADDRESS})


@dataclass(frozen=True, slots=True)
class NewAction:
    """One row of many to be written at once."""

    channel_id: int
    order_id: int
    kind: ActionKind
    args: Mapping[str, Any]
    order_item_id: int | None = None


class IntegrationActionService:
    """Leaves word for a channel, in the caller's transaction; and what staff may do with word that did not arrive."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def create(
        self,
        order: Order,
        kind: ActionKind,
        args: Mapping[str, Any],
        audit_context: AuditContext,
        *,
        order_item_id: int | None = None,
    ) -> IntegrationAction:
        """Have the order's channel told. `args` hold ids and plain facts; personal data are read when it is sent."""
        action = IntegrationAction(
            channel_id=order.channel_id,
            order_id=order.id,
            order_item_id=order_item_id,
            kind=kind.value,
            args=dict(args),
            requested_by_id=audit_context.staff_id,
        )
        self.session.add(action)
        ask_delivery(self.session, order.channel_id)
        return action

    def create_many(self, actions: Sequence[NewAction], audit_context: AuditContext) -> None:
        """Have channels told many things, in one statement; those of one order are told in the order given."""
        rows = [
            (each.channel_id, each.order_id, each.order_item_id, each.kind.value, dict(each.args))
            for each in actions
        ]
        if rows:
            _ACTIONS.insert(self.session, rows, same={"requested_by_id": audit_context.staff_id})
        for channel_id in {each.channel_id for each in actions}:
            ask_delivery(self.session, channel_id)

    def withdraw(self, action_ids: Iterable[int]) -> list[int]:
        """Take back what no attempt has begun to tell; the ids that were. The rest the channel may have heard.

        The caller holds the lock of the orders.
        """
        statement = (
            update(IntegrationAction)
            .where(
                IntegrationAction.id.in_(list(action_ids)),
                IntegrationAction.state.in_(OPEN_ACTION_STATES),
                IntegrationAction.began_at.is_(None),
            )
            .values(state=ActionState.WITHDRAWN.value, ended_at=func.clock_timestamp())
            .returning(IntegrationAction.id)
        )
        return sorted(self.session.scalars(statement))

    def send_again(self, action_id: int, audit_context: AuditContext) -> IntegrationAction:
        """Have a row tried anew, or at once if it waits for its next try.

        Raises NotFound, Conflict for one that was told already or that a newer one has made untrue, and MustReadFirst.
        """
        lock_order(self.session, self._order_of(action_id), acting=audit_context)
        return self._sent_again(self._locked(action_id), audit_context)

    def _sent_again(self, action: IntegrationAction, audit_context: AuditContext) -> IntegrationAction:
        if action.state not in {*STUCK_ACTION_STATES, ActionState.FAILED}:
            raise Conflict(
                said(
                    N_("This is “%(label)s” by now; there is nothing to send again."),
                    label=said(ActionState(action.state).label),
                )
            )
        if self._newer_was_told(action):
            raise Conflict(
                N_("The channel has been told something newer of this kind since; an old one stays unsent.")
            )
        action.state = ActionState.WAITING.value
        action.attempts, action.next_run_at, action.ended_at = 0, None, None
        ask_delivery(self.session, action.channel_id)
        hurry_delivery(self.session, action.channel_id)
        self._record(action, audit_context, "integration_action.sent_again")
        return action

    def send_all_again(self, channel_id: int, audit_context: AuditContext) -> int:
        """Have every given-up row of a channel tried anew that nothing newer has made untrue; how many.

        Those of an order with a note that must be read first stay as they are.
        """
        query = select(IntegrationAction.id, IntegrationAction.order_id).where(
            IntegrationAction.channel_id == channel_id, IntegrationAction.state == ActionState.GIVEN_UP.value
        )
        given_up = self.session.execute(query.order_by(IntegrationAction.id)).all()
        limit_waiting(self.session)
        locked = lock_orders(self.session, [row.order_id for row in given_up])
        held = held_up(self.session, locked, audit_context)
        sent = 0
        for action in [self._locked(row.id) for row in given_up if row.order_id not in held]:
            if action.state == ActionState.GIVEN_UP and not self._newer_was_told(action):
                self._sent_again(action, audit_context)
                sent += 1
        return sent

    def done_by_hand(self, action_id: int, audit_context: AuditContext) -> IntegrationAction:
        """Somebody has done at the channel what we could not tell it.

        Raises NotFound, Conflict for one that no person is waited for, and MustReadFirst.
        """
        order = lock_order(self.session, self._order_of(action_id), acting=audit_context)
        action = self._locked(action_id)
        if action.state not in STUCK_ACTION_STATES:
            raise Conflict(
                said(N_("This is “%(label)s” by now."), label=said(ActionState(action.state).label))
            )
        action.state, action.ended_at = ActionState.BY_HAND.value, func.clock_timestamp()
        if wants_answer(action):
            channel_answered(self.session, action, order, ChannelAnswer(told=True))
        self._record(action, audit_context, "integration_action.done_by_hand")
        return action

    def _order_of(self, action_id: int) -> int:
        query = select(IntegrationAction.order_id).where(IntegrationAction.id == action_id)
        order_id = self.session.scalar(query)
        if order_id is None:
            raise NotFound(N_("There is no such message to a channel."))
        return order_id

    def _locked(self, action_id: int) -> IntegrationAction:
        action = self.session.get(IntegrationAction, action_id, with_for_update=True, populate_existing=True)
        if action is None:
            raise NotFound(N_("There is no such message to a channel."))
        return action

    def _newer_was_told(self, action: IntegrationAction) -> bool:
        if ActionKind(action.kind) not in _SUPERSEDED_BY_NEWER:
            return False
        newer = select(IntegrationAction.args).where(
            IntegrationAction.order_id == action.order_id,
            IntegrationAction.kind == action.kind,
            IntegrationAction.id > action.id,
            IntegrationAction.state == ActionState.SENT.value,
        )
        return any(args.get("side") == action.args.get("side") for args in self.session.scalars(newer))

    def _record(self, action: IntegrationAction, context: AuditContext, tag: str) -> None:
        record(
            self.session,
            context,
            tag,
            subject=("integration_action", action.id),
            order_id=action.order_id,
            summary=ActionKind(action.kind).label,
        )


def ask_delivery(session: Session, channel_id: int) -> None:
    """Have a worker deliver what the channel has to be told; asked for as the transaction's last words.

    All of a channel's deliveries are one operation, at which all who tell it something meet: so its row is touched
    last, when nothing else will be waited for.
    """
    new = NewOperation(
        kind=DELIVER_KIND,
        queue=Queue.CHANNELS,
        dedupe_key=f"channel:{channel_id}",
        args={},
        channel_id=channel_id,
    )
    before_commit(session, new.dedupe_key, lambda: _ask(session, new))


def hurry_delivery(session: Session, channel_id: int) -> None:
    """A delivery that was put off looks at once: somebody has mended something. A pause that the channel asked for holds."""
    key = f"channel:{channel_id}"
    statement = (
        update(Operation)
        .where(
            Operation.kind == DELIVER_KIND,
            Operation.dedupe_key == key,
            Operation.state == OperationState.READY.value,
        )
        .values(next_run_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )

    def hurry() -> None:
        session.execute(statement)
        hint_after_commit(session, Queue.CHANNELS)

    before_commit(session, f"hurry {key}", hurry)


def _ask(session: Session, new: NewOperation) -> None:
    create_operation(session, new)
