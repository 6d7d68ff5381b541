"""A whole installation for the soak: `kontor up` with its demo, a program and a person at it, and what it costs."""

import http.client
import json
import random
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg

from tests.jobs.desk import Desk
from webapp.core.home import Home
from webapp.core.programs import family

ANSWERED_S = 60  # a page that takes longer counts as unanswered
PAGES = (
    "/api/v1/orders/?page_size=50",
    "/api/v1/cancellation_plans/",
    "/api/v1/operations/",
    "/api/v1/refunds/",
)
# Refusals that are right: a second person is needed, the order has moved, nothing can be cancelled.
EXPECTED = frozenset({200, 201, 202, 403, 409, 412, 422})


@dataclass
class Installation:
    """One running `kontor up`; `answers` counts every status that it gave."""

    desk: Desk
    token: str
    shop_url: str
    bank_url: str
    chance: random.Random
    answers: Counter[int] = field(default_factory=Counter)
    approved: int = 0

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call of a program; the JSON of its answer, None where it was refused or not answered."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.desk.port}{path}", method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=ANSWERED_S) as answer:
                self.answers[answer.status] += 1
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            self.answers[refused.code] += 1
        except (OSError, http.client.HTTPException):
            self.answers[0] += 1
        return None

    def act(self) -> None:
        """What a program and a person do in a moment: read, look at an order, sometimes cancel one and pay back."""
        listed = self.api("GET", self.chance.choice(PAGES))
        orders = self.api("GET", "/api/v1/orders/?status=400&page_size=100")
        if not listed or not orders or not orders["results"]:
            return
        order = self.chance.choice(orders["results"])["pk"]
        self.api("GET", f"/api/v1/orders/{order}/")
        if self.chance.random() < 0.3:
            self._cancel(order)
        if self.chance.random() < 0.05:
            for channel in (self.api("GET", "/api/v1/channels/") or {"results": []})["results"]:
                self.api("POST", f"/api/v1/channels/{channel['pk']}/pull/", {})

    def _cancel(self, order: int) -> None:
        reasons = (self.api("GET", "/api/v1/cancellation_reasons/") or {"results": []})["results"]
        wanted = [
            {"reason": each["pk"], "text": "Soaked."} for each in reasons if each["slug"] == "changed-mind"
        ]
        opened = self.api("POST", f"/api/v1/orders/{order}/cancel/", {"is_all": True, "reasons": wanted})
        if opened and self.api("POST", f"/api/v1/orders/{order}/cancellation_approved_order/", {}):
            self.approved += 1

    def control(self, server: str, method: str, path: str, body: Any = None) -> Any:
        """The sandbox's own control page."""
        base = self.bank_url if server == "bank" else self.shop_url
        request = urllib.request.Request(f"{base}/_control/{path}", method=method)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=ANSWERED_S) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        home = Home(self.desk.home)
        port = home.ports().postgres
        assert port is not None
        with psycopg.connect(home.database_url(port)) as connection:
            return connection.execute(statement.encode()).fetchall()

    def oldest_due_s(self) -> float:
        """How long the work that waits longest has been due, in seconds; 0 when none is."""
        ((age,),) = self.query(
            "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - due)), 0)::float8 FROM ("
            " SELECT next_run_at AS due FROM operation WHERE state = 'ready' AND next_run_at <= clock_timestamp()"
            " UNION ALL SELECT lease_until FROM operation WHERE state = 'leased'"
            "  AND lease_until < clock_timestamp()) AS waiting"
        )
        return float(age)

    def open_work(self) -> int:
        """Refunds and word to channels that are not done yet."""
        ((count,),) = self.query(
            "SELECT count(*) FROM operation WHERE state IN ('ready', 'leased') AND kind IN ('refund.run', 'channel.deliver')"
        )
        return int(count)

    def connections(self) -> int:
        """How many the product holds, but for the one that asks."""
        ((count,),) = self.query(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
        return int(count)

    def memory(self) -> dict[str, float]:
        """MiB that each long-living process of ours holds alone, by its name; work horses and PostgreSQL's are not ours."""
        held: Counter[str] = Counter()
        for name, pid in self.desk.programs().items():
            if name in ("postgres", "valkey", "warden") or "sandbox" in name:
                continue
            members = family([pid]) if name == "gunicorn" else family([pid])[:1]
            held[name] += sum(_own_memory(member) for member in members)
        return {name: size / 2**20 for name, size in held.items()}


def _own_memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except psutil.NoSuchProcess:
        return 0
