"""Webhook events on their way out: stored with what caused them, sent by one thread.

The switches decide whether they wait, in which order they go and how often each is sent.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread

from sandbox.database import Database
from sandbox.post import Answer, post
from sandbox.settings import Settings

SCHEMA = """
CREATE TABLE IF NOT EXISTS outgoing (
    id INTEGER PRIMARY KEY, hook INTEGER NOT NULL, topic TEXT NOT NULL, content_type TEXT NOT NULL,
    body TEXT NOT NULL, due REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    is_done INTEGER NOT NULL DEFAULT 0, status INTEGER
);
CREATE INDEX IF NOT EXISTS waiting ON outgoing (due) WHERE is_done = 0;
"""
TICK_S = 0.1
RETRY_AFTER_S = (2, 10, 60)


@dataclass(frozen=True)
class Parcel:
    id: int
    hook: int
    topic: str
    content_type: str
    body: str
    attempt: int


@dataclass(frozen=True)
class Label:
    """Where a parcel goes and with which headers, decided when it is sent."""

    url: str
    headers: dict[str, str]


@dataclass
class Outbox:
    """`label` returns None where nobody wants the parcel any more; `report` hears of each answer."""

    database: Database
    settings: Settings
    label: Callable[[Parcel], Label | None]
    report: Callable[[Parcel, Answer], None]
    retries: bool
    seed: int

    def __post_init__(self) -> None:
        self._stopped = Event()
        self._turn = Lock()  # the thread and a release must not send the same parcel
        with self.database.reading() as connection:
            connection.executescript(SCHEMA)

    def start(self) -> None:
        Thread(target=self._run, name="outbox", daemon=True).start()

    def release(self) -> int:
        """Sends what waits, now, in the order of the switches; answers how many."""
        return self._send_due(is_held=False)

    def _run(self) -> None:
        while not self._stopped.wait(TICK_S):
            self._send_due(is_held=bool(self.settings["webhook_hold"]))

    def _send_due(self, *, is_held: bool) -> int:
        if is_held:
            return 0
        with self._turn:
            parcels = self._sorted(self._due())
            for parcel in parcels:
                self._send(parcel)
        return len(parcels)

    def _due(self) -> list[Parcel]:
        with self.database.reading() as connection:
            rows = connection.execute(
                "SELECT id, hook, topic, content_type, body, attempt FROM outgoing"
                " WHERE is_done = 0 AND due <= ? ORDER BY id",
                (time.time(),),
            ).fetchall()
        return [Parcel(**dict(row)) for row in rows]

    def _sorted(self, parcels: list[Parcel]) -> list[Parcel]:
        match self.settings["webhook_order"]:
            case "reversed":
                parcels.reverse()
            case "shuffled":
                random.Random(f"{self.seed}/{len(parcels)}").shuffle(parcels)
        return parcels

    def _send(self, parcel: Parcel) -> None:
        answer = Answer(None)
        for _ in range(self.settings["webhook_copies"]):
            label = self.label(parcel)
            if label is None:
                break
            answer = post(label.url, parcel.body.encode(), label.headers)
            self.report(parcel, answer)
        self._settle(parcel, answer)

    def _settle(self, parcel: Parcel, answer: Answer) -> None:
        again = self.retries and not answer.is_ok and parcel.attempt < len(RETRY_AFTER_S)
        due = time.time() + RETRY_AFTER_S[parcel.attempt] if again else 0
        with self.database.writing() as connection:
            connection.execute(
                "UPDATE outgoing SET attempt = attempt + 1, status = ?, is_done = ?, due = ? WHERE id = ?",
                (answer.status, not again, due, parcel.id),
            )


def enqueue(
    connection: sqlite3.Connection,
    *,
    hook: int,
    topic: str,
    body: str,
    content_type: str = "application/json",
) -> None:
    """In the transaction of what happened, so that an event is neither lost nor invented."""
    connection.execute(
        "INSERT INTO outgoing (hook, topic, content_type, body, due) VALUES (?, ?, ?, ?, ?)",
        (hook, topic, content_type, body, time.time()),
    )
