"""Sending what waits for one subscription, in the order of events; one try at a time, and never inside a transaction.

At least once: whoever dies between the answer and its note sends the same event again, under the same id.
"""

import html
import json
import re
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.core import breaker
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import IntegrationError
from webapp.core.http import Answer, HttpClient
from webapp.core.operations import OperationRun
from webapp.core.reach import Reach
from webapp.core.redaction import redact
from webapp.core.secrets import Vault
from webapp.core.settings import Settings, Timing
from webapp.events.models import Event, WebhookDelivery, WebhookSubscription
from webapp.webhooks.secrets import live_secrets
from webapp.webhooks.signing import signed_headers

ANSWER_WITHIN_S: Final = 10.0  # a receiver notes the event and answers; work on it comes after
TRIES: Final = 12  # with the usual back-off about eight hours; then the next event has its turn
FAILING_FOR_S: Final = 24 * 3600.0  # so long nothing was taken: somebody must look at the receiver
FIRST_WORDS: Final = 200  # characters of an answer that the log keeps
_MARKUP: Final = re.compile(r"(?is)<(script|style|title)\b.*?(</\1>|\Z)|<!--.*?(-->|\Z)|<[^>]*(>|\Z)")
_GONE: Final = 410  # the receiver says that it will never want it


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery ready to be sent: nothing of the database is needed on the way."""

    delivery_id: int
    subscription_id: int
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a try came to; `status` None means that there was no answer."""

    status: int | None
    words: str
    ms: int

    @property
    def is_taken(self) -> bool:
        """The receiver has it now."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_alive(self) -> bool:
        """Somebody answered who has the say there; a refusal is an answer too."""
        return self.status is not None and self.status < 500


@dataclass(frozen=True, slots=True)
class Courier:
    """Takes what waits for one subscription to it, as far as a time slice goes."""

    settings: Settings
    vault: Vault

    def run(self, run: OperationRun) -> None:
        """The handler of `webhooks.deliver`. Raises LeaseLost."""
        timing = self.settings.timing
        client = self._client(int(run.args["subscription_id"]))
        until = time.monotonic() + timing.slice_s
        while time.monotonic() < until:
            with unit_of_work() as session:
                parcel = next_parcel(session, run, self.vault, timing)
            if parcel is None:
                return
            receipt = _send(client, parcel)
            with unit_of_work() as session:
                note(session, run, parcel, receipt, timing)
            if run.ended:
                return
        with unit_of_work() as session:
            run.postpone(session, 0.0, "")

    def _client(self, subscription_id: int) -> HttpClient:
        timing = self.settings.timing
        return HttpClient(
            breaker_name(subscription_id),
            reach=Reach(allow_private=self.settings.allow_private_network),
            timing=replace(timing, read_timeout_s=min(ANSWER_WITHIN_S, timing.read_timeout_s)),
        )


def next_parcel(session: Session, run: OperationRun, vault: Vault, timing: Timing) -> Parcel | None:
    """The first delivery that waits; None when there is none, or not yet: then the operation is ended or put off."""
    run.fence(session)
    subscription = _locked(session, run)
    found = _first_waiting(session, subscription) if subscription and not subscription.is_paused else None
    if subscription is None or found is None:
        run.finish(session)
        return None
    delivery, event, wait_s = found
    if wait_s <= 0:
        wait_s = breaker.admit(session, breaker_name(subscription.id), timing) or 0.0
    if wait_s > 0:
        run.postpone(session, wait_s, "")
        return None
    body = body_of(event)
    now = utc_now()
    secrets = live_secrets(vault, subscription, now)
    headers = signed_headers(secrets, str(event.key), int(now.timestamp()), body)
    return Parcel(delivery.id, subscription.id, subscription.url, body, headers)


def note(session: Session, run: OperationRun, parcel: Parcel, receipt: Receipt, timing: Timing) -> None:
    """Write what came of it; after a failure the operation is put off, or ended where the subscription is paused now."""
    run.fence(session)
    subscription = _locked(session, run)
    if subscription is None:
        return run.finish(session)
    delivery = session.get(WebhookDelivery, parcel.delivery_id, populate_existing=True)
    if delivery is None:  # too old by now, and cleared
        return None
    delivery.tries += 1
    delivery.tried_at = func.clock_timestamp()
    delivery.answer_status, delivery.answer_words, delivery.answer_ms = (
        receipt.status,
        receipt.words,
        receipt.ms,
    )
    _tell_breaker(session, subscription, receipt, timing)
    if receipt.is_taken:
        delivery.state = "delivered"
        delivery.delivered_at = func.clock_timestamp()
        subscription.last_delivered_at = func.clock_timestamp()
        subscription.failing_since = None
        return None
    return _after_failure(session, run, subscription, delivery, receipt, timing)


def body_of(event: Event) -> bytes:
    """What is sent of an event: the same bytes at every try."""
    document = {
        "id": str(event.key),
        "type": event.name,
        "timestamp": _moment(event.created_at),
        "data": event.facts,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def breaker_name(subscription_id: int) -> str:
    """What the subscription's breaker and the exchange log call it."""
    return f"webhook:{subscription_id}"


def _after_failure(
    session: Session,
    run: OperationRun,
    subscription: WebhookSubscription,
    delivery: WebhookDelivery,
    receipt: Receipt,
    timing: Timing,
) -> None:
    wait_s = timing.backoff_s[min(delivery.tries, len(timing.backoff_s)) - 1]
    delivery.next_try_at = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, wait_s)
    if delivery.tries >= TRIES:
        delivery.state = "failed"
    reason = _why_to_pause(session, subscription, receipt)
    if reason:
        subscription.paused_at = func.clock_timestamp()
        subscription.paused_because = reason
        subscription.version += 1
        return run.finish(session)
    if subscription.failing_since is None:
        subscription.failing_since = func.clock_timestamp()
    if delivery.state == "waiting":
        run.postpone(session, wait_s, receipt.words)
    return None


def _why_to_pause(session: Session, subscription: WebhookSubscription, receipt: Receipt) -> str:
    if receipt.status == _GONE:
        return "The receiver answered 410: it does not want any more."
    failing_s = session.scalar(
        select(func.extract("epoch", func.clock_timestamp() - WebhookSubscription.failing_since)).where(
            WebhookSubscription.id == subscription.id
        )
    )
    if failing_s is not None and failing_s >= FAILING_FOR_S:
        return f"Nothing could be delivered for {FAILING_FOR_S / 3600:.0f} hours. The last answer was: {receipt.words}"
    return ""


def _tell_breaker(
    session: Session, subscription: WebhookSubscription, receipt: Receipt, timing: Timing
) -> None:
    if receipt.is_alive:
        breaker.note_success(session, breaker_name(subscription.id))
    else:
        breaker.note_failure(session, breaker_name(subscription.id), receipt.words, timing)


def _locked(session: Session, run: OperationRun) -> WebhookSubscription | None:
    """Its row, which spreading takes too: after a look that found nothing no delivery slips in before the end."""
    return session.scalars(
        select(WebhookSubscription)
        .where(WebhookSubscription.id == int(run.args["subscription_id"]))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _first_waiting(
    session: Session, subscription: WebhookSubscription
) -> tuple[WebhookDelivery, Event, float] | None:
    """(delivery, its event, seconds until it may be tried), the oldest event first."""
    wait_s = func.extract("epoch", WebhookDelivery.next_try_at - func.clock_timestamp())
    row = session.execute(
        select(WebhookDelivery, Event, wait_s)
        .join(Event, Event.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.subscription_id == subscription.id, text("state = 'waiting'"))
        .order_by(WebhookDelivery.event_id)
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else (row[0], row[1], float(row[2]))


def _send(client: HttpClient, parcel: Parcel) -> Receipt:
    began = time.monotonic()
    try:
        answer = client.send(
            "POST",
            parcel.url,
            what="webhook",
            content=parcel.body,
            headers={**parcel.headers, "Content-Type": "application/json"},
        )
    except IntegrationError as error:
        return Receipt(None, error.message, _ms(began))
    return Receipt(answer.status, _words(answer), _ms(began))


def _words(answer: Answer) -> str:
    """The first words of the answer, without what names people; a redirect is explained, for it is not followed."""
    if 300 <= answer.status < 400:
        return f"The receiver answered {answer.status}, a redirect. Redirects are not followed: write its final address."
    said = answer.body[: 40 * FIRST_WORDS].decode(errors="replace")
    if said.lstrip()[:1] == "<":
        # An error page: its words, without what only a browser reads.
        said = html.unescape(_MARKUP.sub(" ", said))
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    return f"The receiver answered {answer.status}. {redact(plain)[:FIRST_WORDS]}".strip()


def _moment(at: datetime) -> Any:
    return at.isoformat(timespec="milliseconds")


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
