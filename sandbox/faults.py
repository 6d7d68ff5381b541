"""Which request fails, and how: rules that are matched in order, counted or by seeded chance.

A rule is kept in the state file, so a plan goes on where it was after a restart.
"""

import random
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from sandbox.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS fault_rule (
    id INTEGER PRIMARY KEY, kinds TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    skip INTEGER NOT NULL, count INTEGER, probability REAL NOT NULL, seconds REAL NOT NULL,
    matched INTEGER NOT NULL DEFAULT 0, fired INTEGER NOT NULL DEFAULT 0
)
"""


class FaultKind(StrEnum):
    """ "before" = nothing was done, "after" = the work is committed and only the answer is lost."""

    NONE = "none"  # lets one matching request through; the gap in a plan
    SLOW = "slow"  # waits, then works and answers
    HANG_BEFORE = "hang_before"  # waits, then drops the connection; nothing is done
    HANG_AFTER = "hang_after"  # works at once, waits, then answers
    EFFECT_LATE = "effect_late"  # waits, then works and drops the connection
    TOO_MANY = "429"  # Retry-After: seconds
    UNAVAILABLE = "503"
    ERROR_BEFORE = "500_before"
    ERROR_AFTER = "500_after"
    HTML_200 = "html_200"  # a maintenance page with status 200; nothing is done
    HTML_500 = "html_500"
    ERROR_200 = "error_200"  # a plug-in's error as JSON with status 200; nothing is done
    OTHER_ID = "other_id"  # the work is done, and a cache answers with another's object: its id is not the one asked for
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    TRUNCATED = "truncated"  # half of the body, with a length that fits: broken JSON
    CUT_OFF = "cut_off"  # the promised length, half of the body, then the end
    # Only for the shop's order list:
    REPEATED_PAGE = "repeated_page"  # the page before this one once more
    DUPLICATE_ROWS = "duplicate_rows"  # every row of the page twice
    CHANGE_BETWEEN_PAGES = "change_between_pages"  # after this page orders change and a new one comes
    # Only for the bank's refunds:
    PENDING_SETTLES = "pending_settles"  # accepted as pending, succeeds after `seconds`
    BUSY = "busy"  # works that long; the same key meanwhile gets 409
    ERROR_STORED = "500_stored"  # works, answers 500 and answers 500 again for the same key
    PENDING_FAILS = "pending_fails"  # accepted as pending, fails after `seconds`


@dataclass(frozen=True)
class Fault:
    kind: FaultKind
    seconds: float


@dataclass(frozen=True)
class FaultRule:
    """`path` is a glob, `method` one method or `*`, `count` how often it fires (None: always).

    With several kinds one is drawn each time. `skip` lets the first matches pass.
    """

    id: int
    kinds: tuple[FaultKind, ...]
    method: str
    path: str
    skip: int
    count: int | None
    probability: float
    seconds: float
    matched: int = 0
    fired: int = 0

    def fits(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path) and not self.is_spent

    @property
    def is_spent(self) -> bool:
        return self.count is not None and self.fired >= self.count

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "is_spent": self.is_spent}


class FaultPlan:
    """The rules of one server. The first rule that fits decides; a rule that passes by chance ends the search."""

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._seed = seed
        self._turn = Lock()
        with database.reading() as connection:
            connection.executescript(SCHEMA)
            self._rules = [
                _from_row(row) for row in connection.execute("SELECT * FROM fault_rule ORDER BY id")
            ]

    def rules(self) -> list[FaultRule]:
        return list(self._rules)

    def add(self, wanted: dict[str, Any]) -> FaultRule:
        """Raises ValueError with one sentence when the wish is not a rule."""
        values = _checked(wanted)
        with self._turn, self._database.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO fault_rule (kinds, method, path, skip, count, probability, seconds)"
                " VALUES (:kinds, :method, :path, :skip, :count, :probability, :seconds)",
                values,
            )
            row = connection.execute("SELECT * FROM fault_rule WHERE id = ?", (cursor.lastrowid,)).fetchone()
            rule = _from_row(row)
            self._rules.append(rule)
        return rule

    def clear(self, rule_id: int | None = None) -> None:
        """Takes one rule away, or all."""
        with self._turn, self._database.writing() as connection:
            connection.execute("DELETE FROM fault_rule WHERE id = ? OR ? IS NULL", (rule_id, rule_id))
            self._rules = [rule for rule in self._rules if rule_id not in (None, rule.id)]

    def draw(self, method: str, path: str) -> Fault | None:
        """The fault of this request; counts the rule that decided."""
        if not self._rules:
            return None
        with self._turn:
            for place, rule in enumerate(self._rules):
                if rule.fits(method, path):
                    counted, fault = self._decide(rule)
                    self._rules[place] = counted
                    self._remember(counted)
                    return fault
        return None

    def _decide(self, rule: FaultRule) -> tuple[FaultRule, Fault | None]:
        # Seeded by rule and turn, not by the order in which threads ask other rules.
        chance = random.Random(f"{self._seed}/{rule.id}/{rule.matched}")
        fires = rule.matched >= rule.skip and chance.random() < rule.probability
        counted = FaultRule(**{**vars(rule), "matched": rule.matched + 1, "fired": rule.fired + fires})
        kind = chance.choice(rule.kinds)
        return counted, Fault(kind, rule.seconds) if fires and kind is not FaultKind.NONE else None

    def _remember(self, rule: FaultRule) -> None:
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE fault_rule SET matched = ?, fired = ? WHERE id = ?",
                (rule.matched, rule.fired, rule.id),
            )


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    unknown = set(wanted) - {"kind", "kinds", "method", "path", "skip", "count", "probability", "seconds"}
    if unknown:
        raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
    kinds = wanted.get("kinds") or [wanted.get("kind")]
    try:
        names = [FaultKind(str(kind)).value for kind in kinds]
    except ValueError:
        raise ValueError(f"kind is one of {', '.join(FaultKind)}.") from None
    count = wanted.get("count")
    return {
        "kinds": ",".join(names),
        "method": str(wanted.get("method") or "*").upper(),
        "path": str(wanted.get("path") or "*"),
        "skip": int(wanted.get("skip") or 0),
        "count": None if count in (None, "") else int(str(count)),
        "probability": float(wanted.get("probability") or 1),
        "seconds": float(wanted.get("seconds") or 0),
    }


def _from_row(row: sqlite3.Row) -> FaultRule:
    values = dict(row)
    values["kinds"] = tuple(FaultKind(name) for name in values["kinds"].split(","))
    return FaultRule(**values)
