"""Channels as staff and schedules use them: create, change, pull, backfill, replay, refresh, webhooks.

What calls the outside is an operation: these methods only ask for it. `get_class` is the exception, for workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.channels.adapters import integration
from webapp.channels.applying import Fence, no_fence
from webapp.channels.base import Filters
from webapp.channels.fetching import FetchOrders
from webapp.channels.inputs import ChangeChannel, NewChannel
from webapp.channels.models import Channel, RemoteRecord, WebhookEvent
from webapp.channels.profile import load_profile
from webapp.channels.registry import CHANNEL_TYPES, channel_type
from webapp.channels.setup import changed_channel, new_channel, rotate_secrets
from webapp.core.audit import AuditContext, record
from webapp.core.db import before_commit, unit_of_work
from webapp.core.errors import Conflict, IntegrationError, NotFound
from webapp.core.operations import NewOperation, Operation, OperationState, Queue, create
from webapp.core.second_tries import hurry
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.models import Order


class ChannelService:
    """The one place through which everybody but the workers deals with channels."""

    # Which methods of the first and the second way a channel of a type may be asked for.
    channel_allowed_methods: ClassVar[Mapping[str, frozenset[str]]] = {
        slug: kind.allowed_methods for slug, kind in CHANNEL_TYPES.items()
    }

    def __init__(self, fence: Fence = no_fence) -> None:
        self._fence = fence

    def create_channel(self, session: Session, new: NewChannel, context: AuditContext) -> Channel:
        """A new channel. Raises InvalidInput with sentences for the fields."""
        return new_channel(session, new, context)

    def update_channel(
        self, session: Session, channel_id: int, change: ChangeChannel, context: AuditContext
    ) -> Channel:
        """Change a channel. Raises NotFound, InvalidInput, and Conflict when somebody else was faster."""
        channel = changed_channel(session, channel_id, change, context)
        # A key or an address that was wrong has held up what was to be fetched and told. As the last words: who
        # tells the channel something waits for the same rows.
        before_commit(
            session,
            f"hurry all of channel:{channel_id}",
            lambda: hurry(session, Queue.CHANNELS, Operation.channel_id == channel_id),
        )
        return channel

    def rotate_secrets(self, session: Session, after_id: int = 0) -> tuple[int, int]:
        """Encrypt the next channels' secrets with the newest key; (how many, the last id or 0 at the end)."""
        return rotate_secrets(session, after_id)

    def get_class(
        self,
        channel: int,
        class_names: Sequence[str],
        timeout: float | None = None,
        remote_id: str | None = None,
        filter_params: Filters | None = None,
    ) -> list[str]:
        """Ask a channel for these classes, the first way, and take in what it gives; the channel's ids of it.

        For workers: it calls the channel, so no unit of work may be open. Raises IntegrationError, of which
        IntegrationUnauthorizedException when the login fails.
        """
        with unit_of_work() as session:
            profile = load_profile(session, channel)
        if "get_class" not in self.channel_allowed_methods.get(profile.channel_type, ()):
            raise IntegrationError(f"{profile.name} cannot be asked this way.", permanent=True)
        adapter = integration(profile, self._fence)
        adapter.login()
        return adapter.get_class(class_names, timeout, remote_id, filter_params)

    def pull(self, session: Session, channel_id: int, context: AuditContext) -> tuple[Operation, bool]:
        """Pull what changed; a second asker joins the run that is open (False). Raises NotFound, Conflict."""
        self._active(session, channel_id)
        return self._ask(session, self._work("channel.pull", channel_id, {}, context))

    def reread(self, session: Session, channel_id: int, context: AuditContext) -> tuple[Operation, bool]:
        """Read the channel's open orders again. Raises NotFound, Conflict."""
        self._active(session, channel_id)
        return self._ask(session, self._work("channel.reread", channel_id, {}, context))

    def backfill(
        self, session: Session, channel_id: int, fetch: FetchOrders, context: AuditContext
    ) -> tuple[Operation, bool]:
        """Fetch the named orders, or only tell what would change. Raises NotFound, and Conflict while another runs."""
        self._active(session, channel_id)
        if not fetch.names_something and not fetch.dry_run:
            return self.pull(session, channel_id, context)
        operation, is_new = self._ask(
            session, self._work("channel.backfill", channel_id, fetch.to_args(), context)
        )
        if not is_new and operation.args != fetch.to_args():
            raise Conflict(N_("Another backfill of this channel is under way. Wait until it has ended."))
        if is_new and not fetch.dry_run:
            record(
                session,
                context,
                "channel.backfill.asked",
                subject=("channel", channel_id),
                changes=fetch.to_args(),
            )
        return operation, is_new

    def replay(
        self,
        session: Session,
        channel_id: int,
        context: AuditContext,
        record_ids: Sequence[int] | None = None,
    ) -> tuple[Operation, bool]:
        """Try failed records again: one, some, or with None all. Raises NotFound, and Conflict while another runs."""
        self._existing(session, channel_id)
        args = {} if record_ids is None else {"record_ids": sorted(set(record_ids))}
        if record_ids is not None:
            self._check_records(session, channel_id, args["record_ids"])
        operation, is_new = create(session, self._work("channel.replay", channel_id, args, context))
        if not is_new and operation.args != args:
            raise Conflict(
                N_("Other records of this channel are being tried again. Wait until that has ended.")
            )
        return operation, is_new

    def replay_words(
        self, session: Session, channel_id: int, kind: str, words: Sequence[str], context: AuditContext
    ) -> tuple[Operation, bool]:
        """Apply the orders that carry these words of the channel again, now that they have a meaning.

        Raises NotFound, and Conflict while others are being tried again.
        """
        self._existing(session, channel_id)
        args = {"kind": kind, "words": sorted(words)}
        operation, is_new = create(session, self._work("channel.replay", channel_id, args, context))
        if not is_new and operation.args != args:
            raise Conflict(
                N_("Other records of this channel are being tried again. Wait until that has ended.")
            )
        return operation, is_new

    def check(self, session: Session, channel_id: int, context: AuditContext) -> tuple[Operation, bool]:
        """Find out whether the channel takes our credentials."""
        self._existing(session, channel_id)
        return self._ask(session, self._work("channel.check", channel_id, {}, context, max_attempts=1))

    def refresh_order(self, session: Session, order_id: int, context: AuditContext) -> tuple[Operation, bool]:
        """Ask the channel for this order again. Raises NotFound, and Conflict for one that no channel knows or whose channel is off."""
        order = session.get(Order, order_id)
        if order is None:
            raise NotFound(N_("There is no such order."))
        if order.remote_id is None:
            raise Conflict(N_("This order was made here; there is no channel to ask."))
        self._active(session, order.channel_id)
        return self._ask(
            session, self._refresh(order.channel_id, order.remote_id, context, order_id=order_id)
        )

    def take_webhook(
        self,
        session: Session,
        channel_id: int,
        headers: Mapping[str, str],
        body: bytes,
        context: AuditContext,
    ) -> bool:
        """Note a channel's message and look at the order it names; False for a repeated one, a ping, and while it is off.

        The body is not believed: it is a hint to ask the channel. Raises NotFound, and PermissionDenied for a wrong
        signature.
        """
        profile = load_profile(session, channel_id)
        read = channel_type(profile.channel_type).read_webhook
        if read is None:
            raise NotFound(N_("This channel sends no messages."))
        names = ("webhook_secret", "webhook_secret_previous")
        notice = read(headers, body, [profile.credentials.get(name, "") for name in names])
        # What happens while it is switched off the first pull afterwards finds.
        if notice is None or not self._existing(session, channel_id).is_active:
            return False
        event = insert(WebhookEvent).values(
            channel_id=channel_id, event_id=notice.event_id, topic=notice.topic, remote_id=notice.remote_id
        )
        made = session.execute(event.on_conflict_do_nothing().returning(WebhookEvent.id)).first()
        if made is None:
            return False
        if notice.remote_id is not None:
            self._look_again(session, self._refresh(channel_id, notice.remote_id, context))
        return True

    def _ask(self, session: Session, wanted: NewOperation) -> tuple[Operation, bool]:
        """The work, new or joined; joined while it waits for its next try, it is tried now."""
        operation, is_new = create(session, wanted)
        if not is_new:
            hurry(session, wanted.queue, Operation.id == operation.id)
        return operation, is_new

    def _look_again(self, session: Session, wanted: NewOperation) -> None:
        """Refresh the order; when that is being done right now it may have looked already, so once more after it."""
        operation, is_new = create(session, wanted)
        if not is_new and operation.state == OperationState.LEASED:
            create(session, replace(wanted, dedupe_key=f"{wanted.dedupe_key}:again"))

    def _refresh(
        self, channel_id: int, remote_id: str, context: AuditContext, order_id: int | None = None
    ) -> NewOperation:
        key = f"channel:{channel_id}:order:{remote_id}"
        return self._work(
            "channel.refresh_order", channel_id, {"remote_id": remote_id}, context, key=key, order_id=order_id
        )

    def _work(
        self,
        kind: str,
        channel_id: int,
        args: Mapping[str, object],
        context: AuditContext,
        *,
        key: str | None = None,
        order_id: int | None = None,
        max_attempts: int = 6,
    ) -> NewOperation:
        return NewOperation(
            kind=kind,
            queue=Queue.CHANNELS,
            dedupe_key=key or f"channel:{channel_id}",
            args=args,
            channel_id=channel_id,
            order_id=order_id,
            requested_by_id=context.staff_id,
            request_id=context.request_id,
            max_attempts=max_attempts,
        )

    def _existing(self, session: Session, channel_id: int) -> Channel:
        channel = session.get(Channel, channel_id)
        if channel is None:
            raise NotFound(N_("There is no such channel."))
        return channel

    def _active(self, session: Session, channel_id: int) -> Channel:
        channel = self._existing(session, channel_id)
        if not channel.is_active:
            raise Conflict(said(N_("%(channel)s is switched off. Switch it on first."), channel=channel.name))
        return channel

    def _check_records(self, session: Session, channel_id: int, record_ids: Sequence[int]) -> None:
        query = select(RemoteRecord.id).where(
            RemoteRecord.channel_id == channel_id, RemoteRecord.id.in_(record_ids)
        )
        if len(session.scalars(query).all()) != len(record_ids):
            raise NotFound(N_("There is no such record."))
