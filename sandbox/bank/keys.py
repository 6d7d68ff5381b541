"""Idempotency keys: the same key and body get the same answer again, also a 500.

The refund and the kept answer are written in one transaction, so a killed bank has both or neither.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sandbox.bank.stripe_errors import StripeProblem, broken, invalid
from sandbox.database import Database
from sandbox.faults import Fault, FaultKind

SCHEMA = """
CREATE TABLE IF NOT EXISTS kept_answer (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, created REAL NOT NULL, request_id TEXT NOT NULL,
    status INTEGER, body TEXT
);
"""
MAX_LENGTH = 255
Act = Callable[[sqlite3.Connection], dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    status: int
    body: dict[str, Any]
    request_id: str
    is_replayed: bool = False
    should_retry: bool | None = None


@dataclass(frozen=True)
class Attempt:
    """One request as it came in."""

    key: str | None
    path: str
    form: dict[str, str]
    request_id: str
    fault: Fault | None

    @property
    def fingerprint(self) -> str:
        return sha256(json.dumps([self.path, sorted(self.form.items())]).encode()).hexdigest()


class Keys:
    def __init__(self, database: Database, lifetime_s: Callable[[], float]) -> None:
        self._database = database
        self._lifetime_s = lifetime_s
        with database.reading() as connection:
            connection.executescript(SCHEMA)
            # Requests that a killed bank was working on: nothing of them was written.
            connection.execute("DELETE FROM kept_answer WHERE status IS NULL")

    def run(self, attempt: Attempt, act: Act) -> Outcome:
        """Runs `act` in one transaction, once for its key; raises StripeProblem where the key is refused."""
        if attempt.key is None:
            return self._act(attempt, act)
        if len(attempt.key) > MAX_LENGTH:
            raise invalid(f"Idempotency keys must be {MAX_LENGTH} characters or less.")
        kept = self._reserve(attempt)
        if kept is not None:
            return kept
        try:
            return self._act(attempt, act)
        except BaseException:
            self._release(attempt)
            raise

    def _reserve(self, attempt: Attempt) -> Outcome | None:
        """The kept answer, or None when this attempt is now the one that works under the key."""
        with self._database.writing() as connection:
            connection.execute(
                "DELETE FROM kept_answer WHERE created < ?", (time.time() - self._lifetime_s(),)
            )
            row = connection.execute("SELECT * FROM kept_answer WHERE key = ?", (attempt.key,)).fetchone()
            if row is None:
                connection.execute(
                    "INSERT INTO kept_answer (key, fingerprint, created, request_id) VALUES (?, ?, ?, ?)",
                    (attempt.key, attempt.fingerprint, time.time(), attempt.request_id),
                )
                return None
        if row["fingerprint"] != attempt.fingerprint:
            raise _other_parameters(attempt)
        if row["status"] is None:
            raise _in_use(attempt)
        return Outcome(
            row["status"], json.loads(row["body"]), row["request_id"], is_replayed=True, should_retry=False
        )

    def _act(self, attempt: Attempt, act: Act) -> Outcome:
        kind = attempt.fault.kind if attempt.fault else None
        if attempt.fault and kind is FaultKind.BUSY:
            time.sleep(attempt.fault.seconds)
        with self._database.writing() as connection:
            try:
                outcome = Outcome(200, act(connection), attempt.request_id)
            except StripeProblem as problem:
                if not problem.is_kept:
                    raise
                outcome = Outcome(
                    problem.status, problem.body(), attempt.request_id, should_retry=problem.should_retry
                )
            if kind is FaultKind.ERROR_STORED:
                outcome = Outcome(500, broken().body(), attempt.request_id)
            connection.execute(
                "UPDATE kept_answer SET status = ?, body = ? WHERE key = ?",
                (outcome.status, json.dumps(outcome.body), attempt.key),
            )
        return outcome

    def _release(self, attempt: Attempt) -> None:
        with self._database.writing() as connection:
            connection.execute("DELETE FROM kept_answer WHERE key = ? AND status IS NULL", (attempt.key,))


def _other_parameters(attempt: Attempt) -> StripeProblem:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with."
        f" Try using a key other than '{attempt.key}' if you meant to execute a different request."
    )
    return StripeProblem(400, "idempotency_error", message, should_retry=False)


def _in_use(attempt: Attempt) -> StripeProblem:
    message = (
        "There is currently another in-progress request using this Idempotent Key (that probably means you"
        f" submitted twice, and the other request is still going through): {attempt.key}."
    )
    return StripeProblem(409, "idempotency_error", message, "idempotency_key_in_use", should_retry=True)
