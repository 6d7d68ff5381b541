"""The bank: its state, keys, events and switches."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.bank.events import Events
from sandbox.bank.keys import Keys
from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.journal import Journal
from sandbox.settings import WEBHOOK_DEFAULTS, Settings

SWITCHES: dict[str, Any] = WEBHOOK_DEFAULTS | {
    "key_lifetime_s": 86_400.0,  # how long a key keeps its answer
    "iyzico_report_delay_s": 0.0,  # refunds show in iyzico's reports only after that
    "iyzico_error_status": 400,  # with which an iyzico refusal answers; older behaviour is 200
}


@dataclass(frozen=True)
class Credentials:
    """Who may ask; they open nothing but the sandbox."""

    stripe_key: str
    iyzico_key: str
    iyzico_secret: str


@dataclass
class Bank:
    database: Database
    credentials: Credentials
    faults: FaultPlan
    settings: Settings
    keys: Keys
    events: Events
    journal: Journal = field(default_factory=Journal)
