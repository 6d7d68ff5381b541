"""P2 for programs: a walk over every order of the large database by cursor; its last pages cost what its first cost."""

import time

import requests

from bench.measures import Line, Spread
from bench.world import EMAIL, World, web

PAGE = 200
GROWTH = 1.2
PART = 10  # the first tenth of the pages against the last


def measure(world: World, urls: dict[int, str]) -> list[Line]:
    """Every page of `GET /api/v1/orders/?cursor=`, the first tenth of them against the last."""
    orders = max(urls)
    token = _token(world, urls[orders])
    with web(world.on(urls[orders])) as url:
        spent, seen = _walk(f"{url}/api/v1/orders/?page_size={PAGE}&cursor=", token)
    part = max(1, len(spent) // PART)
    first, last = Spread.of(spent[:part]), Spread.of(spent[-part - 1 : -1])
    growth = last.median / first.median
    return [
        Line(
            "P2",
            f"API: {len(spent):,} pages of {PAGE} by cursor, the last tenth",
            str(last),
            f"the first tenth {first}: {growth:.2f} × (goal ≤ {GROWTH})",
            growth <= GROWTH,
        ),
        Line(
            "P2", "API: orders met on that walk", f"{seen:,}", f"goal {orders:,}, each once", seen == orders
        ),
        Line("P2", "API: the whole walk", f"{sum(spent):.1f} s", "", None),
    ]


def _walk(url: str | None, token: str) -> tuple[list[float], int]:
    """Seconds of each page, and how many different orders there were; repeated ones count as none at all."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    spent: list[float] = []
    keys: list[int] = []
    while url:
        began = time.perf_counter()
        answer = session.get(url, timeout=30)
        spent.append(time.perf_counter() - began)
        answer.raise_for_status()
        page = answer.json()
        keys += [row["pk"] for row in page["results"]]
        url = page["next"]
    return spent, len(set(keys)) if len(set(keys)) == len(keys) else 0


def _token(world: World, url: str) -> str:
    from sqlalchemy import select

    from webapp.app import create_app
    from webapp.auth.models import StaffUser
    from webapp.auth.roles import Permission
    from webapp.auth.tokens import MOST_REQUESTS, NewToken, create_token
    from webapp.core.audit import SYSTEM
    from webapp.core.db import db, unit_of_work

    with create_app(world.on(url, testing=True)).app_context():
        with unit_of_work() as session:
            staff_id = session.scalars(select(StaffUser.id).where(StaffUser.email == EMAIL)).one()
            new = NewToken("Walk", frozenset({Permission.ORDERS_VIEW}), requests_per_minute=MOST_REQUESTS)
            token, _ = create_token(session, SYSTEM, staff_id, new)
        db.engine.dispose()
    return token
