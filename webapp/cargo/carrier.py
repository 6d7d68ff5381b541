"""What every carrier can be asked about a parcel, and what its answers mean.

A carrier knows no order. An answer is a value, never an exception: above all a timeout is `UNKNOWN`, not a refusal,
because the label may have been made. Whoever asks again sends the same reference, by which the carrier acts once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from webapp.core.errors import IntegrationError


class ErrandKind(StrEnum):
    """label: a new parcel. update: another address before it is collected. redirect: after. cancel: no parcel at all."""

    LABEL = "label"
    UPDATE = "update"
    REDIRECT = "redirect"
    CANCEL = "cancel"


class Outcome(StrEnum):
    """What one answer means.

    done: the carrier has done it. asked: it has the wish and will decide later. refused: a definite no.
    unknown: timeout, reset, 409, 425, 429, 5xx, unreadable: look before anything else.
    misconfigured: our key or the address is wrong, which holds for every errand of the account.
    """

    DONE = "done"
    ASKED = "asked"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a parcel goes; `country` is ISO 3166 alpha-2."""

    name: str
    company: str
    line1: str
    line2: str
    district: str
    city: str
    state: str
    postcode: str
    country: str
    phone: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: the same for every attempt. `tracking_number` is empty for a label, `receiver` None for a cancel."""

    kind: ErrandKind
    reference: str
    order_number: str
    tracking_number: str = ""
    receiver: Receiver | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CarrierAnswer:
    """One answer. `words` are the carrier's own, for staff; `retry_after_s` its wish, if it had one."""

    outcome: Outcome
    tracking_number: str = ""
    code: str = ""
    words: str = ""
    retry_after_s: float | None = None


class Carrier(Protocol):
    """One account at one carrier."""

    @property
    def name(self) -> str:
        """The carrier's short name; its breaker is called `carrier:` and this."""

    def ask(self, request: Request) -> CarrierAnswer:
        """Have the carrier do it, once however often it is asked with this reference."""

    def look(self, request: Request) -> CarrierAnswer | None:
        """What became of an earlier attempt; None when the carrier never had it."""


# By the cargo company's id. Raises CarrierNotConnected where no account is switched on.
Carriers = Callable[[int], Carrier]


class CarrierNotConnected(IntegrationError):
    """There is no account at this carrier, or it is switched off."""

    code = "carrier_not_connected"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not connected, so it cannot be asked from here.", permanent=True)
