"""What every payment gateway can be asked, and what its answers mean.

A gateway moves and reads money; it knows no order. An answer is a value, never an exception: above all a timeout is
`UNKNOWN`, not a failure, because the money may have moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from webapp.core.errors import PaymentError


class Outcome(StrEnum):
    """What one answer to a refund means.

    succeeded: the gateway says the money went back. pending: it took the order and will say later.
    declined: a definite no. already_refunded: a no that may be our own earlier yes, so look it up.
    unknown: timeout, reset, 409, 425, 429, 5xx, unreadable: look before anything else.
    contradictory: the same key was used with another body; only a person can say what was meant.
    misconfigured: our credentials or address are wrong; nobody's refund can go through, so the gateway pauses.
    unable: it does not do this by itself; a person must, and nothing was done.
    """

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    ALREADY_REFUNDED = "already_refunded"
    UNKNOWN = "unknown"
    CONTRADICTORY = "contradictory"
    MISCONFIGURED = "misconfigured"
    UNABLE = "unable"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What is sent: the same for every attempt, byte for byte.

    `key` is the idempotency key, `reference` our refund's id that the gateway stores and can be asked for;
    `payment_ref` the gateway's name of the payment, `item_ref` of one basket item where it refunds by item.
    `is_release` lets reserved money go instead of paying captured money back. `is_whole_payment`: all that was
    captured, in one piece; of a release, that nothing stays reserved after it.
    """

    key: str
    reference: str
    payment_ref: str
    amount: Decimal
    currency: str
    item_ref: str = ""
    reason: str = ""
    is_whole_payment: bool = False
    is_release: bool = False
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """One answer. `words` are the gateway's own, for staff; `retry_after_s` its wish, if it had one.

    `amount` and `currency` are what it says has moved, which need not be what was asked for; None where it does not say.
    """

    outcome: Outcome
    gateway_ref: str | None = None
    http_status: int | None = None
    code: str = ""
    words: str = ""
    retry_after_s: float | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class FoundRefund:
    """One refund in the gateway's own books. `reference` is ours, or "" where it was made elsewhere."""

    gateway_ref: str
    reference: str
    amount: Decimal
    currency: str
    outcome: Outcome
    payment_ref: str
    item_ref: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The gateway's word on one refund of ours; `answered` False means that it could not be asked.

    `access_refused`: because our credentials or its address are wrong, which holds for every refund of the account.
    """

    answered: bool
    found: tuple[FoundRefund, ...] = ()
    words: str = ""
    access_refused: bool = False

    @classmethod
    def unanswered(cls, error: PaymentError) -> "Lookup":
        """It could not be asked, for this reason."""
        return cls(answered=False, words=error.message, access_refused=isinstance(error, AccessRefused))


class AccessRefused(PaymentError):
    """The gateway does not accept our credentials, or is not at this address: nobody's refund can go through."""

    code = "access_refused"

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class Standing(StrEnum):
    """Where a payment stands: not paid (yet), reserved on the card, taken from it, or let go."""

    OPEN = "open"
    RESERVED = "reserved"
    CAPTURED = "captured"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BasketItem:
    """One item of a payment at a gateway that refunds by item; `item` is the shop's name of the line."""

    ref: str
    paid_price: Decimal
    item: str


@dataclass(frozen=True, slots=True)
class PaymentHistory:
    """A payment as the gateway tells it, amounts in `currency`; `raw_status` is the gateway's own word."""

    payment_ref: str
    standing: Standing
    currency: str
    amount: Decimal
    authorised_amount: Decimal
    captured_amount: Decimal
    refunds: tuple[FoundRefund, ...]
    raw_status: str = ""
    items: tuple[BasketItem, ...] = ()

    @property
    def refunded_amount(self) -> Decimal:
        """What has gone back or is on its way."""
        moving = (Outcome.SUCCEEDED, Outcome.PENDING)
        return sum((r.amount for r in self.refunds if r.outcome in moving), Decimal(0))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be relied on. Without keys a resend is only safe after `max_processing_delay_s` and a sure lookup."""

    honours_keys: bool
    # How long the gateway remembers a key, seconds; 0 where it knows none.
    key_window_s: float = 0.0
    # Whether "not found" means "not done" once the processing delay has passed.
    lookup_authoritative: bool = True
    max_processing_delay_s: float = 60.0


class Gateway(Protocol):
    """One account at one payment gateway. Every call has its timeouts, none follows redirects or retries by itself."""

    name: str
    capabilities: Capabilities

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """Ask for the money to go back; never raises for what the network or the gateway does."""
        ...

    def lookup(self, order: RefundOrder) -> Lookup:
        """Ask whether this refund of ours stands in the gateway's books."""
        ...

    def history(self, payment_ref: str) -> PaymentHistory:
        """The payment and all its refunds. Raises PaymentError when the gateway cannot be asked or knows no such payment."""
        ...

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """Every refund in the gateway's books from `since` on, for reconciliation. Raises PaymentError."""
        ...

    def cancel_payment(self, order: RefundOrder) -> RefundAnswer:
        """Let reserved money go: all of it, or see to it that a part can still be left uncaptured."""
        ...


# Gateways by the name that payments and refunds carry; made by the composition root, channels among them.
Gateways = Callable[[str], Gateway]
