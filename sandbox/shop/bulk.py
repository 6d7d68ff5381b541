"""Any number of orders for measurements, made while they are read: no state, a page in milliseconds.

A few hundred drawn orders serve as patterns, cut open where numbers and dates stand. Order i is pattern
i modulo their count with its own numbers; it was placed i minutes after `OPENED`.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shop.generator import Wish, draw_order
from sandbox.shop.order_query import OrderQuery
from sandbox.shop.store import PARTS, Page
from sandbox.stamps import FORMAT, from_gmt_text, gmt_text, local_text

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)
MODIFIED_AFTER = timedelta(seconds=40)  # less than STEP, so the order of placing is the order of changing
FIRST_ID = 10_000_001
IDS_PER_ORDER = 40  # room for the numbers of lines and meta entries
PATTERNS = 400
HOLES_OF_DATES = (
    ("created", "created"),
    ("modified", "modified"),
    ("paid", "modified"),
    ("completed", "modified"),
)
HOLE = re.compile(r'"\\u0000(\w+)\\u0000"')  # a hole as JSON writes it


class BulkOrders:
    def __init__(self, count: int, seed: int, zone: ZoneInfo) -> None:
        self._count = count
        self._zone = zone
        drawn = [
            draw_order(seed, number, now=OPENED, zone=zone, span_days=60, wish=Wish())
            for number in range(min(PATTERNS, count))
        ]
        self._statuses = [order["status"] for order in drawn]
        self._patterns = [_Pattern.cut(order) for order in drawn]
        self._matching = lru_cache(maxsize=16)(self._find)

    def page(self, query: OrderQuery) -> Page:
        """Knows dates, statuses, include, sorting and paging; the other filters are not for bulk."""
        low, high = self._window(query)
        wanted = None if query.shows_everything else frozenset(query.statuses)
        found: Sequence[int] = range(low, high) if wanted is None else self._matching(low, high, wanted)
        if query.include:
            found = [number - FIRST_ID for number in query.include if low <= number - FIRST_ID < high]
        if query.descending:
            found = found[::-1]
        return Page([self._body(i) for i in found[query.start : query.start + query.per_page]], len(found))

    def body(self, order_id: int) -> str | None:
        place = order_id - FIRST_ID
        return self._body(place) if 0 <= place < self._count else None

    def _find(self, low: int, high: int, wanted: frozenset[str]) -> list[int]:
        size = len(self._statuses)
        fitting = {place for place, status in enumerate(self._statuses) if status in wanted}
        return [i for i in range(low, high) if i % size in fitting]

    def _window(self, query: OrderQuery) -> tuple[int, int]:
        """The orders between the dates; both ends are left out, as everywhere in this API."""
        low, high = 0, self._count
        for name, text in query.dates.items():
            moment = self._moment(text, is_gmt=query.dates_are_gmt)
            shift = MODIFIED_AFTER if name.startswith("modified") else timedelta()
            if name.endswith("after"):
                low = max(low, (moment - shift - OPENED) // STEP + 1)
            else:
                high = min(high, -((OPENED + shift - moment) // STEP))
        return max(low, 0), max(low, high, 0)

    def _moment(self, text: str, *, is_gmt: bool) -> datetime:
        return from_gmt_text(text) if is_gmt else datetime.strptime(text, FORMAT).replace(tzinfo=self._zone)

    def _body(self, place: int) -> str:
        created = OPENED + place * STEP
        modified = created + MODIFIED_AFTER
        order_id = FIRST_ID + place
        values = {
            "id": str(order_id),
            "number": f'"{order_id}"',
            "created": f'"{local_text(created, self._zone)}"',
            "created_gmt": f'"{gmt_text(created)}"',
            "modified": f'"{local_text(modified, self._zone)}"',
            "modified_gmt": f'"{gmt_text(modified)}"',
        }
        return self._patterns[place % len(self._patterns)].fill(values, order_id * IDS_PER_ORDER)


@dataclass(frozen=True)
class _Pattern:
    """The text of an order in pieces: every second one is a hole, named or with the number of a line."""

    pieces: list[str]
    holes: list[str | int]

    @classmethod
    def cut(cls, order: dict[str, Any]) -> "_Pattern":
        pieces = HOLE.split(json.dumps(_with_holes(order), ensure_ascii=False))
        return cls(pieces, [int(name) if name.isdigit() else name for name in pieces[1::2]])

    def fill(self, values: dict[str, str], first_line: int) -> str:
        filled = self.pieces.copy()
        filled[1::2] = [
            values[hole] if isinstance(hole, str) else str(first_line + hole) for hole in self.holes
        ]
        return "".join(filled)


def _with_holes(order: dict[str, Any]) -> dict[str, Any]:
    """Marks what differs between orders of one pattern."""
    order |= {"id": _hole("id"), "number": _hole("number")}
    for name, hole in HOLES_OF_DATES:
        for ending in ("", "_gmt"):
            if order[f"date_{name}{ending}"] is not None:
                order[f"date_{name}{ending}"] = _hole(f"{hole}{ending}")
    number = 0
    for part in (*PARTS, "meta_data"):
        numbered = []
        for line in order[part]:
            numbered.append({"id": _hole(str(number)), **line})
            number += 1
        order[part] = numbered
    return order


def _hole(name: str) -> str:
    return f"\0{name}\0"
