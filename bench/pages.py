"""P1 and P2: pages against the floor in the same run, at two sizes."""

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import psycopg
import requests

from bench.measures import Line, Spread, interleaved
from bench.world import World, floor, signed_in, web

ROUNDS = 25
TIMES_FLOOR = {
    "list": 3.0,
    "deep": 3.0,
    "status": 3.0,
    "number": 3.0,
    "customer": 3.0,
    "order": 4.0,
    "peek": 2.0,
}
GROWTH = 1.2
# What a page names itself; addresses carry the hash of the content.
_ASSET = re.compile(r'(?:href|src)="(/[^"#?]+\.(?:css|js|svg|woff2)[^"#]*)')
FLOOR_OF = {"peek": "order"}
DEEP = 500 * 50


@dataclass(frozen=True)
class Subjects:
    """What the pages of one database are asked for."""

    order: int
    number: str
    customer: int
    name: str
    placed: str
    deep: int

    @classmethod
    def of(cls, url: str) -> "Subjects":
        """An order from the middle, its customer, and where page 500 begins."""
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT o.id, o.number, o.customer_id, c.first_name || ' ' || c.last_name FROM orders o"
                " JOIN customer c ON c.id = o.customer_id WHERE o.id = (SELECT max(id) / 2 FROM orders)"
            ).fetchone()
            size = connection.execute("SELECT count(*) FROM orders").fetchone()
            assert row is not None and size is not None
            deep = connection.execute(
                "SELECT date_placed, id FROM orders ORDER BY date_placed DESC, id DESC OFFSET %s LIMIT 1",
                (min(DEEP, size[0] // 2),),
            ).fetchone()
            assert deep is not None
            return cls(row[0], row[1], row[2], row[3], deep[0].isoformat(), deep[1])


def measure(world: World, urls: Mapping[int, str]) -> list[Line]:
    """Every page at every size, interleaved with the floor."""
    spreads = {size: _at(world, url) for size, url in urls.items()}
    lines: list[Line] = []
    small, large = min(urls), max(urls)
    for name, times in TIMES_FLOOR.items():
        ours, base = spreads[large][name], spreads[large][f"floor {FLOOR_OF.get(name, name)}"]
        ratio = ours.median / base.median
        what = f"{name} at {large:,} orders"
        lines.append(
            Line("P1", what, str(ours), f"floor {base}: {ratio:.1f} × (goal ≤ {times:g})", ratio <= times)
        )
    for name in TIMES_FLOOR:
        before, after = spreads[small][name], spreads[large][name]
        growth = after.median / before.median
        what = f"{name} from {small:,} to {large:,}"
        lines.append(
            Line("P2", what, str(after), f"{before}: {growth:.2f} × (goal ≤ {GROWTH})", growth <= GROWTH)
        )
    lines += _weight(world, urls[large])
    first, deep = spreads[large]["list"], spreads[large]["deep"]
    ratio = deep.median / first.median
    lines.append(
        Line("P2", "page 500 against page 1", str(deep), f"{ratio:.2f} × (goal ≤ {GROWTH})", ratio <= GROWTH)
    )
    return lines


def _weight(world: World, url: str) -> list[Line]:
    """P10: what travels for a list of 50, the first time and the second. P3, statements per page, is counted in tests."""
    with web(world.on(url)) as ours:
        reader = signed_in(ours)
        page = reader.get(f"{ours}/orders/", headers={"Accept-Encoding": "identity"}, timeout=60)
        assets = {urljoin(ours, path) for path in _ASSET.findall(page.text)}
        answers = [reader.get(each, stream=True, timeout=60) for each in sorted(assets)]
        wire = sum(len(answer.raw.read()) for answer in answers)
        again = [answer for answer in answers if "immutable" not in answer.headers.get("Cache-Control", "")]
    size = len(page.content)
    return [
        Line("P10", "HTML of a list of 50", f"{size / 1000:.1f} kB", "goal ≤ 60 kB", size <= 60_000),
        Line(
            "P10",
            "styles, scripts, icons, first visit",
            f"{wire / 1000:.0f} kB",
            "goal ≤ 200 kB",
            wire <= 200_000,
        ),
        Line("P10", "the same, second visit", f"{len(again)} asked for again", "goal 0", not again),
    ]


def _at(world: World, url: str) -> dict[str, Spread]:
    from webapp.ui.tables import encode_cursor

    subjects = Subjects.of(url)
    with ExitStack() as stack:
        ours, base = stack.enter_context(web(world.on(url))), stack.enter_context(floor(world.on(url)))
        reader, plain = signed_in(ours), requests.Session()
        after = encode_cursor("-placed", (subjects.placed, subjects.deep))
        work = {
            "list": _get(reader, f"{ours}/orders/"),
            "deep": _get(reader, f"{ours}/orders/", after=after),
            "status": _get(reader, f"{ours}/orders/", status="400"),
            "number": _get(reader, f"{ours}/orders/", view="all", q=subjects.number[-8:]),
            "customer": _get(reader, f"{ours}/orders/", view="all", q=subjects.name),
            "order": _get(reader, f"{ours}/orders/{subjects.order}"),
            "peek": _get(reader, f"{ours}/orders/{subjects.order}/peek", headers={"HX-Request": "true"}),
            "floor list": _get(plain, f"{base}/list"),
            "floor deep": _get(plain, f"{base}/deep", placed=subjects.placed, id=subjects.deep),
            "floor status": _get(plain, f"{base}/status", status=400),
            "floor number": _get(plain, f"{base}/number", number=subjects.number),
            "floor customer": _get(plain, f"{base}/customer", customer=subjects.customer),
            "floor order": _get(plain, f"{base}/order", id=subjects.order),
        }
        return interleaved(work, ROUNDS)


def _get(
    session: requests.Session, url: str, headers: Mapping[str, str] | None = None, **query: Any
) -> Callable[[], None]:
    def ask() -> None:
        answer = session.get(url, params=query, headers=headers, timeout=60)
        if answer.status_code != 200:
            raise RuntimeError(f"{answer.url} answered {answer.status_code}.")

    return ask
