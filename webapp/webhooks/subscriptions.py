"""Keeping subscriptions: add, change, pause, new secret, delete. Each deed has its audit row; secrets and full
addresses are in none of them, because an address may carry a key of the receiver's."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.overtaken import overtaken
from webapp.core.reach import AddressRefused, Reach
from webapp.core.secrets import Vault
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.events.models import WebhookSubscription
from webapp.events.names import EventName
from webapp.webhooks.secrets import first_secret, next_secret
from webapp.webhooks.spreading import deliver_now

LONGEST_URL: Final = 2_000
LONGEST_DESCRIPTION: Final = 120
MOST: Final = 50  # subscriptions: each is asked about at every change of an order

GONE: Final = N_("There is no such webhook.")
Scope = Collection[int] | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription is to be; no `channels` means all of them."""

    url: str
    events: tuple[EventName, ...]
    channels: tuple[int, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class WebhookService:
    """What can be done with subscriptions, in the caller's transaction.

    `scope` are the channels of whoever acts, None for all: a subscription that hears of others is not theirs.
    """

    session: Session
    context: AuditContext
    vault: Vault
    reach: Reach
    scope: Scope = None

    def subscribe(self, wish: Wish) -> tuple[WebhookSubscription, str]:
        """A new subscription and its secret, which is told only now. Raises InvalidInput, Conflict above the limit."""
        wish = self._checked(wish)
        if (self.session.scalar(select(func.count(WebhookSubscription.id))) or 0) >= MOST:
            raise Conflict(
                said(N_("There are %(most)s webhooks already. Delete one that nobody needs."), most=MOST)
            )
        subscription = WebhookSubscription(created_by_id=self.context.staff_id)
        _write(subscription, wish)
        secret = first_secret(self.vault, subscription)
        self.session.add(subscription)
        self.session.flush()
        self._record(subscription, "webhook.created", _differences({}, _shown(subscription)))
        return subscription, secret

    def change(self, subscription_id: int, wish: Wish, *, version: int | None = None) -> WebhookSubscription:
        """Another address, other events or channels. Raises InvalidInput, NotFound, Conflict for a stale form."""
        subscription = self.locked(subscription_id)
        if version is not None and version != subscription.version:
            template = N_(
                "%(who)s changed this webhook while you were editing it. Look at it, and save again."
            )
            raise overtaken(self.session, ("webhook", subscription_id), template)
        before, before_url = _shown(subscription), subscription.url
        _write(subscription, self._checked(wish))
        changes = _differences(before, _shown(subscription))
        if changes or before_url != subscription.url:
            subscription.version += 1
            self._record(subscription, "webhook.changed", changes)
        if before_url != subscription.url and not subscription.is_paused:
            deliver_now(self.session, subscription.id)
        return subscription

    def rotate(self, subscription_id: int) -> tuple[WebhookSubscription, str]:
        """A new secret, told only now; the current one stays live beside it for a day. Raises NotFound."""
        subscription = self.locked(subscription_id)
        secret = next_secret(self.vault, subscription, utc_now())
        subscription.version += 1
        self._record(subscription, "webhook.secret_rotated", {})
        return subscription, secret

    def pause(self, subscription_id: int) -> WebhookSubscription:
        """Send nothing until it is resumed; what happens meanwhile waits. Raises NotFound, Conflict if it is paused."""
        subscription = self.locked(subscription_id)
        if subscription.is_paused:
            raise Conflict(N_("This webhook is paused already."))
        subscription.paused_at, subscription.paused_because = func.clock_timestamp(), ""
        subscription.version += 1
        self._record(subscription, "webhook.paused", {"paused": [False, True]})
        return subscription

    def resume(self, subscription_id: int) -> WebhookSubscription:
        """Send what waits, and go on. Raises NotFound, Conflict if it is not paused."""
        subscription = self.locked(subscription_id)
        if not subscription.is_paused:
            raise Conflict(N_("This webhook is not paused."))
        subscription.paused_at, subscription.paused_because, subscription.failing_since = None, "", None
        subscription.version += 1
        self._record(subscription, "webhook.resumed", {"paused": [True, False]})
        deliver_now(self.session, subscription.id)
        return subscription

    def delete(self, subscription_id: int) -> None:
        """Take it away with its deliveries; what is on the wire just now arrives. Raises NotFound."""
        subscription = self.locked(subscription_id)
        self._record(subscription, "webhook.deleted", _differences(_shown(subscription), {}))
        self.session.delete(subscription)
        self.session.flush()

    def locked(self, subscription_id: int) -> WebhookSubscription:
        """The subscription, while nobody else changes it and no worker notes an answer. Raises NotFound."""
        found = self.session.scalars(
            select(WebhookSubscription)
            .where(WebhookSubscription.id == subscription_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if found is None or not is_within(found.channels, self.scope):
            raise NotFound(GONE)
        return found

    def _checked(self, wish: Wish) -> Wish:
        """Cleaned. Raises InvalidInput with sentences for the fields."""
        wrong: dict[str, list[str]] = {}
        url = wish.url.strip()
        try:
            self.reach.check_url(url)
        except AddressRefused as refused:
            wrong["url"] = [refused.message]
        if len(url) > LONGEST_URL:
            wrong["url"] = [N_("The address is too long.")]
        if not wish.events:
            wrong["events"] = [N_("Choose at least one event.")]
        if not is_within(list(wish.channels), self.scope) or not self._are_channels(wish.channels):
            wrong["channels"] = [N_("Choose among the channels that you may see.")]
        description = " ".join(wish.description.split())
        if len(description) > LONGEST_DESCRIPTION:
            wrong["description"] = [N_("The description is too long.")]
        if wrong:
            raise InvalidInput(next(iter(wrong.values()))[0], fields=wrong)
        chosen = tuple(name for name in EventName if name in wish.events)
        return Wish(url, chosen, tuple(sorted(set(wish.channels))), description)

    def _are_channels(self, ids: Collection[int]) -> bool:
        known = select(func.count(Channel.id)).where(Channel.id.in_(ids))
        return not ids or self.session.scalar(known) == len(set(ids))

    def _record(self, subscription: WebhookSubscription, tag: str, changes: dict[str, Any]) -> None:
        record(
            self.session,
            self.context,
            tag,
            subject=("webhook", subscription.id),
            summary=host_of(subscription.url),
            changes=changes,
        )


def is_within(channels: Collection[int], scope: Scope) -> bool:
    """Whether somebody limited to `scope` may know of a subscription to these channels (none: to all)."""
    return scope is None or (bool(channels) and set(channels) <= set(scope))


def host_of(url: str) -> str:
    """What may be shown and logged of an address: its path and query may be a key."""
    return urlsplit(url).hostname or ""


def _write(subscription: WebhookSubscription, wish: Wish) -> None:
    subscription.url, subscription.description = wish.url, wish.description
    subscription.events = [name.value for name in wish.events]
    subscription.channels = list(wish.channels)


def _shown(subscription: WebhookSubscription) -> dict[str, Any]:
    return {
        "host": host_of(subscription.url),
        "description": subscription.description,
        "events": list(subscription.events),
        "channels": list(subscription.channels),
    }


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [before.get(name), after.get(name)]
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }
