"""P7: fifty people at the desk at once, each doing something every three seconds, on two web processes."""

import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import psycopg
import requests

from bench.measures import Line
from bench.world import World, child
from webapp.core.embedded import free_port
from webapp.core.settings import Settings
from webapp.ui.security import PLAIN_COOKIE

PEOPLE, EVERY_S, LENGTH_S = 50, 3.0, 60.0
GOAL_P95_MS = 150.0
KNOWN = 500  # orders that the people of one run look at
# Out of a hundred deeds of a day: mostly somebody finds an order and opens it.
MIX: Mapping[str, int] = {
    "list": 20,
    "filter": 12,
    "number": 15,
    "customer": 10,
    "order": 22,
    "peek": 9,
    "cancel form": 6,
    "note": 6,
}


@dataclass(frozen=True)
class Known:
    """An order that somebody may ask for."""

    order_id: int
    number: str
    name: str


@dataclass(frozen=True)
class Person:
    """One signed-in browser, its token for forms, and its own dice."""

    browser: requests.Session
    token: str
    dice: random.Random


def measure(world: World, urls: Mapping[int, str]) -> list[Line]:
    """The answers' p95 on the large database, and how many failed."""
    size, url = max(urls), urls[max(urls)]
    settings = replace(world.on(url), port=free_port())
    known = _known(url)
    address = f"http://127.0.0.1:{settings.port}"
    with child("-m", "webapp.cli", "web", settings=settings, ready_url=f"{address}/healthz"):
        people = [_arrive(address, cookie, seed) for seed, cookie in enumerate(_cookies(settings))]
        spent, failed = _work(address, people, known)
    p95 = statistics.quantiles(spent, n=20)[-1] * 1000
    median = statistics.median(spent) * 1000
    return [
        Line(
            "P7",
            f"{PEOPLE} people, one deed each {EVERY_S:g} s, {size:,} orders",
            f"p95 {p95:.0f} ms, median {median:.0f} ms of {len(spent):,} deeds",
            f"goal p95 ≤ {GOAL_P95_MS:g} ms",
            p95 <= GOAL_P95_MS,
        ),
        Line("P7", "of these failed", f"{failed}", "goal 0", failed == 0),
    ]


def _known(url: str) -> list[Known]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT o.id, o.number, c.last_name FROM orders o JOIN customer c ON c.id = o.customer_id"
            " ORDER BY o.id DESC LIMIT %s",
            (KNOWN,),
        )
        return [Known(*row) for row in rows]


def _cookies(settings: Settings) -> list[str]:
    """Fifty sessions of the one person there is: signing in fifty times would only measure Argon2."""
    from webapp.app import create_app
    from webapp.auth import sessions
    from webapp.auth.models import StaffUser
    from webapp.core.db import db, unit_of_work

    app = create_app(settings)
    with app.app_context():
        with unit_of_work() as session:
            staff = session.query(StaffUser).order_by(StaffUser.id).first()
            assert staff is not None
            tokens = [
                sessions.start(session, staff, remote_addr="127.0.0.1", user_agent="bench")
                for _ in range(PEOPLE)
            ]
        db.engine.dispose()
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return [serializer.dumps({"_user_id": token}) for token in tokens]


def _arrive(address: str, cookie: str, seed: int) -> Person:
    browser = requests.Session()
    browser.cookies.set(PLAIN_COOKIE, cookie, domain="127.0.0.1", path="/")
    token = browser.get(f"{address}/form-token", timeout=30)
    token.raise_for_status()
    return Person(browser, token.text, random.Random(seed))


def _work(address: str, people: list[Person], known: list[Known]) -> tuple[list[float], int]:
    spent: list[float] = []
    failures: list[str] = []
    until = time.monotonic() + LENGTH_S

    def one(person: Person) -> None:
        time.sleep(person.dice.random() * EVERY_S)  # They do not all begin at the same tick.
        while time.monotonic() < until:
            began = time.perf_counter()
            status = _do(address, person, known)
            spent.append(time.perf_counter() - began)
            if status not in (200, 303):
                failures.append(str(status))
            time.sleep(max(0.0, EVERY_S - (time.perf_counter() - began)))

    threads = [threading.Thread(target=one, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent, len(failures)


def _do(address: str, person: Person, known: list[Known]) -> int:
    """One deed; the answer's status, or 0 when none came."""
    deed = person.dice.choices(list(MIX), list(MIX.values()))[0]
    order = person.dice.choice(known)
    page = f"{address}/orders/{order.order_id}"

    def get(url: str, **query: str) -> Callable[[], requests.Response]:
        return lambda: person.browser.get(url, params=query, timeout=30)

    deeds: dict[str, Callable[[], requests.Response]] = {
        "list": get(f"{address}/orders/"),
        "filter": get(f"{address}/orders/", status=person.dice.choice(("400", "450", "500", "550"))),
        "number": get(f"{address}/orders/", view="all", q=order.number),
        "customer": get(f"{address}/orders/", view="all", q=order.name),
        "order": get(page),
        "peek": get(f"{page}/peek"),
        "cancel form": get(f"{page}/cancel"),
        "note": lambda: person.browser.post(
            f"{page}/notes",
            data={"body": "Customer rang.", "submission": str(uuid.uuid4())},
            headers={"X-CSRFToken": person.token, "HX-Request": "true"},
            timeout=30,
        ),
    }
    try:
        return deeds[deed]().status_code
    except requests.RequestException:
        return 0
