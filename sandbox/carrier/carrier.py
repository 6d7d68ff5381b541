"""The carrier: its book and switches."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.database import Database
from sandbox.faults import FaultPlan
from sandbox.journal import Journal
from sandbox.settings import Settings

SWITCHES: dict[str, Any] = {
    "refuse_labels": False,
    "refuse_updates": False,
    "refuse_redirects": False,
    "decide_redirects_later": False,  # a person decides on the page
}


@dataclass
class Carrier:
    database: Database
    api_key: str
    faults: FaultPlan
    settings: Settings
    journal: Journal = field(default_factory=Journal)
