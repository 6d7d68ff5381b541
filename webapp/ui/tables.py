"""Keyset paging: where a page of a list ended, written into the URL. No OFFSET: page 500 costs what page 1 costs."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar

from flask import request, url_for

Row = TypeVar("Row")
CursorValue = str | int | Decimal | datetime

PAGE_SIZE = 50
LONGEST_CURSOR = 600  # characters; a longer one was not made here


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page; `next_after` is None on the last one."""

    rows: Sequence[Row]
    next_after: str | None
    is_first: bool


def encode_cursor(sort: str, values: Sequence[CursorValue]) -> str:
    """The sort's name and the last row's sort values as URL-safe text.

    Opaque but not signed: it holds only what its reader has just seen, and goes into the query as bound values.
    """
    text = json.dumps([sort, *(_plain(value) for value in values)], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(
    text: str | None, sort: str, kinds: Sequence[type[CursorValue]]
) -> tuple[CursorValue, ...] | None:
    """The values behind a cursor; None for none, for one of another sort, and for one that is damaged: page 1 then."""
    if not text or len(text) > LONGEST_CURSOR:
        return None
    try:
        name, *values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if name != sort or len(values) != len(kinds):
            return None
        return tuple(_typed(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, InvalidOperation, binascii.Error):
        return None


def page_of(
    rows: Sequence[Row],
    *,
    sort: str,
    key: Callable[[Row], Sequence[CursorValue]],
    after: object | None,
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """Cut what was fetched (one row more than a page) into a page; `key` gives a row's sort values, the unique one last."""
    shown = rows[:size]
    more = len(rows) > size and bool(shown)
    return Page(shown, encode_cursor(sort, key(shown[-1])) if more else None, after is None)


def here(**changes: str | int | Sequence[str] | None) -> str:
    """This page's URL with some of its query changed; None takes a word out. Paging starts again unless `after` is given."""
    query: dict[str, list[str]] = request.args.to_dict(flat=False)
    query.pop("after", None)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = [str(value)] if isinstance(value, str | int) else [str(one) for one in value]
    values: dict[str, object] = {**(request.view_args or {}), **query}
    return url_for(str(request.endpoint), **values)  # type: ignore[arg-type]


def _plain(value: CursorValue) -> str | int:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, str | int) else str(value)


def _typed(value: object, kind: type[CursorValue]) -> CursorValue:
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or "\0" in value:
        raise TypeError("a cursor value of another kind")
    if kind is str:
        return value
    if kind is Decimal:
        return _finite(Decimal(value))
    if kind is datetime:
        return _aware(datetime.fromisoformat(value))
    raise TypeError("a cursor value of another kind")


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("no finite figure")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without its zone")
    return value
