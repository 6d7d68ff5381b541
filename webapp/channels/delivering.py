"""Telling channels what the outbox holds for them: each row once, those of an order one after the other.

Every row takes three steps. *Begin*, committed: the attempt counts, and from here on the channel may have heard it.
*Tell*: the adapter calls the channel with nothing open; right before each call that changes something the lease is
proven anew, so a worker that was thought dead sends nothing more. *Settle*, fenced by the lease: how it ended, and
whoever waits for the answer in orders is told in the same transaction. A row whose attempt began and never ended is
looked for at the channel before anything is sent that would be there twice.
"""

import logging
import random
import time
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from webapp.channels.connection import ChannelConnection, MustWait, WrongAddress
from webapp.channels.models import Channel
from webapp.channels.patience import patiently
from webapp.channels.profile import ChannelProfile, load_profile
from webapp.channels.push_facts import push_of
from webapp.channels.pushes import CannotTell, ChannelPushes, Push, Pushed, send_of
from webapp.channels.registry import channel_type
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, DomainError, IntegrationError, IntegrationUnauthorizedException
from webapp.core.hints import current_hints
from webapp.core.operations import LeaseLost, NewOperation, Operation, OperationRun, Queue, create
from webapp.core.periodic import slot_of
from webapp.core.reach import AddressRefused
from webapp.core.settings import Settings
from webapp.orders.enums import OPEN_ACTION_STATES, ActionState
from webapp.orders.locks import lock_order
from webapp.orders.models import IntegrationAction
from webapp.orders.service.channel_answers import ChannelAnswer, channel_answered, wants_answer
from webapp.orders.service.integration_action_service import DELIVER_KIND, LONGEST_WORDS

log = logging.getLogger(__name__)

# With the waits of Settings.timing.backoff_s: about five hours from the first attempt to the last.
MOST_ATTEMPTS: Final = 8
# A worker that dies with a row again and again; a row that kills is not tried for ever.
MOST_DEATHS: Final = 3
# While the channel does not take our credentials or its address is wrong, nothing can go there.
MISCONFIGURED_PAUSE_S: Final = 300.0
BUSY_ORDER_S: Final = 5.0  # somebody holds the lock of an order for long
AT_ONCE: Final = 50
_OPEN: Final = tuple(state.value for state in OPEN_ACTION_STATES)


def deliver(run: OperationRun) -> None:
    """Tell the operation's channel all that is due, or as much as a time slice allows."""
    if run.channel_id is None:
        raise IntegrationError("The operation names no channel.", permanent=True)
    with unit_of_work() as session:
        if not session.get_one(Channel, run.channel_id).is_active:
            run.fence(session, note="The channel is switched off; what it must be told waits.")
            return
        profile = load_profile(session, run.channel_id)
        result = session.scalar(select(Operation.result).where(Operation.id == run.id)) or {}
    with patiently(run):
        Delivery(run, profile, current_hints().settings, result).all_that_is_due()


def delivery_slots(session: Session, now: datetime) -> list[NewOperation]:
    """A delivery for every channel with something due: tries that have waited, and word that no operation knows of."""
    due = due_actions().where(IntegrationAction.channel_id == Channel.id).correlate(Channel)
    query = select(Channel.id).where(Channel.is_active, due.exists())
    return [_delivery(key, slot_of(now, 1, f"channel:{key}")) for key in session.scalars(query)]


def due_actions() -> Select[int]:
    """The ids of rows whose turn it is: due, and no earlier one of the order still has to go."""
    earlier = aliased(IntegrationAction, name="earlier")
    return select(IntegrationAction.id).where(
        text("integration_action.state IN ('waiting', 'failed')"),
        or_(
            IntegrationAction.next_run_at.is_(None),
            IntegrationAction.next_run_at <= func.clock_timestamp(),
        ),
        ~exists().where(
            earlier.order_id == IntegrationAction.order_id,
            earlier.id < IntegrationAction.id,
            text("earlier.state IN ('waiting', 'failed')"),
        ),
    )


class Delivery:
    """One run over a channel's rows."""

    def __init__(
        self, run: OperationRun, profile: ChannelProfile, settings: Settings, result: dict[str, Any]
    ) -> None:
        self._run = run
        self._profile = profile
        self._channel_id = profile.id
        self._timing = settings.timing
        self._until = time.monotonic() + settings.timing.slice_s
        self._told, self._failed = int(result.get("updated", 0)), int(result.get("failed", 0))
        self._has_called = False
        make = channel_type(profile.channel_type).pushes
        connection = ChannelConnection(profile, settings, before_change=self._before_change)
        self._pushes: ChannelPushes | None = make(profile, connection) if make else None
        self._label = channel_type(profile.channel_type).label

    def all_that_is_due(self) -> None:
        """Row after row until none is due. Raises MustWait."""
        while due := self._due():
            for action_id in due:
                self._deliver_patiently(action_id)
                if time.monotonic() > self._until:
                    raise MustWait(0, "Letting other work through.")
        with unit_of_work() as session:
            self._run.finish(session, self._result())
        self._look_again()

    def _due(self) -> list[int]:
        query = due_actions().where(IntegrationAction.channel_id == self._channel_id)
        with unit_of_work() as session:
            return list(session.scalars(query.order_by(IntegrationAction.id).limit(AT_ONCE)))

    def _look_again(self) -> None:
        """Whoever left word while this operation was still open has joined it, perhaps too late to be seen."""
        if self._due():
            with unit_of_work() as session:
                create(session, _delivery(self._channel_id, None))

    def _deliver_patiently(self, action_id: int) -> None:
        try:
            self._deliver(action_id)
        except Conflict as busy:
            raise MustWait(BUSY_ORDER_S, busy.message) from None

    def _deliver(self, action_id: int) -> None:
        push = self._begin(action_id)
        if push is None:
            return
        self._has_called = False
        try:
            pushed = send_of(self._able(), push)()
        except LeaseLost:
            raise
        except MustWait:
            self._uncount(action_id)
            raise
        except CannotTell as impossible:
            self._unsupported(action_id, impossible)
        except (IntegrationUnauthorizedException, AddressRefused, WrongAddress) as shut:
            self._uncount(action_id, shut)
            raise MustWait(self._misconfigured_pause_s(), shut.message) from None
        except IntegrationError as refused:
            self._failed_attempt(action_id, refused)
        except Exception as bug:
            self._failed_attempt(action_id, self._our_fault(action_id, bug))
        else:
            self._sent(action_id, pushed)

    def _misconfigured_pause_s(self) -> float:
        """None where staff have changed the channel since this run read it: what was refused may be mended."""
        with unit_of_work() as session:
            is_as_it_was = load_profile(session, self._channel_id) == self._profile
        return MISCONFIGURED_PAUSE_S if is_as_it_was else 0

    def _begin(self, action_id: int) -> Push | None:
        """Count the attempt, committed before anything is sent; None when it is somebody else's or over."""
        with unit_of_work() as session:
            action = self._locked(session, action_id)
            if action is None:
                return None
            if action.attempts >= MOST_ATTEMPTS + MOST_DEATHS:
                self._end_here(session, action, "worker_died", "The worker died again and again.")
                return None
            try:
                push = push_of(session, action, may_be_there=action.began_at is not None)
            except CannotTell as impossible:
                state = ActionState.UNSUPPORTED
                self._end_here(session, action, impossible.code, impossible.message, state)
                return None
            except Exception as bug:
                # A row that breaks us must not stop the others of the channel for ever.
                action.attempts += 1
                self._fail_here(session, action, self._our_fault(action_id, bug))
                return None
            action.attempts += 1
            if action.began_at is None:
                action.began_at = func.clock_timestamp()
            session.flush()
            self._run.fence(session, done=self._told + self._failed)
            return push

    def _able(self) -> ChannelPushes:
        if self._pushes is None:
            raise CannotTell(f"A channel of the type {self._label} cannot be told. Do it there by hand.")
        return self._pushes

    def _before_change(self) -> None:
        """The lease must be ours, for as long as a call may take. Raises LeaseLost."""
        with unit_of_work() as session:
            self._run.fence(session)
        self._has_called = True

    def _sent(self, action_id: int, pushed: Pushed) -> None:
        self._told += 1
        with unit_of_work() as session:
            action = self._own(session, action_id)
            action.state, action.next_run_at = ActionState.SENT.value, None
            action.sent_at = action.ended_at = func.clock_timestamp()
            action.remote_ref = pushed.ref[:128] or None
            action.failure_code, action.failure_words = None, pushed.words[:LONGEST_WORDS] or None
            self._answer(session, action, ChannelAnswer(True, pushed.words, pushed.address))

    def _failed_attempt(self, action_id: int, error: IntegrationError) -> None:
        """Another try later, or none: the channel has said no for good, or was tried often enough."""
        with unit_of_work() as session:
            self._fail_here(session, self._own(session, action_id), error)

    def _fail_here(self, session: Session, action: IntegrationAction, error: IntegrationError) -> None:
        if error.permanent or action.attempts >= MOST_ATTEMPTS:
            return self._end_here(session, action, error.error_code, error.message)
        waits = self._timing.backoff_s
        # No attempt at all: somebody has sent it again, to be counted anew, while this one was on its way.
        tried = max(1, min(action.attempts, len(waits)))
        wait = waits[tried - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        action.state = ActionState.FAILED.value
        action.next_run_at = func.clock_timestamp() + timedelta(seconds=wait)
        _say(action, error.error_code, error.message)
        session.flush()
        return self._run.fence(session, result=self._result())

    def _our_fault(self, action_id: int, bug: Exception) -> IntegrationError:
        log.error("Action %s could not be delivered.", action_id, exc_info=bug)
        words = f"Our fault ({type(bug).__name__}); the log has more under operation {self._run.id}."
        return IntegrationError(words, code="bug")

    def _uncount(self, action_id: int, error: IntegrationError | None = None) -> None:
        """The channel was not, or not yet, to be spoken to: no attempt of this row's."""
        with unit_of_work() as session:
            action = self._own(session, action_id)
            action.attempts = max(0, action.attempts - 1)
            if not self._has_called and action.attempts == 0:
                action.began_at = None
            if error is not None:
                action.state = ActionState.FAILED.value
                _say(action, error.error_code, error.message)
            session.flush()
            self._run.fence(session)

    def _unsupported(self, action_id: int, impossible: CannotTell) -> None:
        with unit_of_work() as session:
            action, state = self._own(session, action_id), ActionState.UNSUPPORTED
            self._end_here(session, action, impossible.error_code, impossible.message, state)

    def _end_here(
        self,
        session: Session,
        action: IntegrationAction,
        code: str,
        words: str,
        state: ActionState = ActionState.GIVEN_UP,
    ) -> None:
        """Nobody but a person goes on with it."""
        self._failed += 1
        action.state, action.ended_at, action.next_run_at = state.value, func.clock_timestamp(), None
        _say(action, code, words)
        self._answer(session, action, ChannelAnswer(False, words))

    def _answer(self, session: Session, action: IntegrationAction, answer: ChannelAnswer) -> None:
        """Tell whoever waits, and prove the lease last: orders are locked before the operation, here as elsewhere."""
        session.flush()
        if wants_answer(action):
            order = lock_order(session, action.order_id)
            try:
                with session.begin_nested():
                    channel_answered(session, action, order, answer)
            except Exception as unheard:
                # The channel has it all the same: telling it again would not help.
                log.exception("What channel %s answered could not be noted.", self._channel_id)
                words = unheard.message if isinstance(unheard, DomainError) else type(unheard).__name__
                _say(action, "answer_not_noted", words)
        session.flush()
        self._run.fence(session, done=self._told + self._failed, result=self._result())

    def _locked(self, session: Session, action_id: int) -> IntegrationAction | None:
        """The row, if it still has to go; its order is locked first where an answer is waited for."""
        found = session.get(IntegrationAction, action_id)
        if found is None:
            return None
        if wants_answer(found):
            lock_order(session, found.order_id)
        action = session.get(IntegrationAction, action_id, with_for_update=True, populate_existing=True)
        return action if action is not None and action.state in _OPEN else None

    def _own(self, session: Session, action_id: int) -> IntegrationAction:
        """The row that this run has begun. Raises LeaseLost when somebody else has ended it."""
        action = self._locked(session, action_id)
        if action is None:
            raise LeaseLost(str(self._run.id))
        return action

    def _result(self) -> dict[str, int]:
        return {"seen": self._told + self._failed, "updated": self._told, "failed": self._failed}


def _say(action: IntegrationAction, code: str, words: str) -> None:
    action.failure_code, action.failure_words = code[:64], words[:LONGEST_WORDS]


def _delivery(channel_id: int, slot: str | None) -> NewOperation:
    return NewOperation(
        kind=DELIVER_KIND,
        queue=Queue.CHANNELS,
        dedupe_key=f"channel:{channel_id}",
        args={},
        channel_id=channel_id,
        slot=slot,
    )
