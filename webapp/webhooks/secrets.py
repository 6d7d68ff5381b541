"""The signing secrets of a subscription: at most two are live, so that a receiver can change over without a gap."""

import json
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.secrets import Vault, current_vault
from webapp.events.models import WebhookSubscription
from webapp.webhooks.signing import new_secret

FORMER_LIVES: Final = timedelta(hours=24)  # long enough to deploy a receiver, short for a secret that leaked
ROTATED_AT_ONCE: Final = 100


def first_secret(vault: Vault, subscription: WebhookSubscription) -> str:
    """Give a new subscription its secret; returned once, to be shown once."""
    secret = new_secret()
    subscription.secrets = vault.encrypt(json.dumps([secret]))
    return secret


def next_secret(vault: Vault, subscription: WebhookSubscription, now: datetime) -> str:
    """A new secret; the current one stays live beside it for a day, one that was live before that ends now."""
    secret = new_secret()
    current = json.loads(vault.decrypt(subscription.secrets))[0]
    subscription.secrets = vault.encrypt(json.dumps([secret, current]))
    subscription.former_until = now + FORMER_LIVES
    return secret


def live_secrets(vault: Vault, subscription: WebhookSubscription, now: datetime) -> list[str]:
    """What deliveries are signed with now, the newest first. Raises SecretUnreadable."""
    known: list[str] = json.loads(vault.decrypt(subscription.secrets))
    former_lives = subscription.former_until is not None and subscription.former_until > now
    return known[: 2 if former_lives else 1]


def rotate_webhook_secrets(session: Session, after_id: int = 0) -> tuple[int, int]:
    """Encrypt the next subscriptions' secrets with the newest key; (how many, the last id or 0 at the end)."""
    vault = current_vault()
    query = select(WebhookSubscription).where(WebhookSubscription.id > after_id)
    found = list(
        session.scalars(query.order_by(WebhookSubscription.id).limit(ROTATED_AT_ONCE).with_for_update())
    )
    for subscription in found:
        subscription.secrets = vault.rotate(subscription.secrets)
    return len(found), found[-1].id if len(found) == ROTATED_AT_ONCE else 0
