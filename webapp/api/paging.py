"""`count, next, previous, results` over a collection, and the words of the query that say which page."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema

from webapp.api.fields import QueryWhole, Text
from webapp.core.errors import InvalidInput
from webapp.core.paging import DEEPEST, Asked, Found, Stretch
from webapp.ui.tables import decode_cursor, encode_cursor

Json = dict[str, Any]
Place = Callable[[Any], Sequence[Any]]
PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 200
_BEFORE: Final = "before "  # how a cursor begins that names the page before a row


class Walk(Schema):
    """A page of a list that is not counted; begin without a cursor, and follow `next`, or `previous` to go back."""

    cursor = Text(most=600)
    page_size = QueryWhole(least=1, most=LARGEST_PAGE)


class PageQuery(Schema):
    """Which page: by number, or behind a cursor that an earlier answer's `next` carried."""

    page = QueryWhole(least=1, most=DEEPEST, metadata={"description": "The page's number, from 1."})
    page_size = QueryWhole(
        least=1, most=LARGEST_PAGE, metadata={"description": f"Rows of a page; {PAGE_SIZE} unless told."}
    )
    cursor = Text(
        most=600,
        metadata={
            "description": "Begin a walk over everything with an empty cursor, then follow `next`, or `previous` to go back: every page costs the same."
        },
    )


def read_page(wanted: Mapping[str, Any], word: str, kinds: Sequence[type]) -> Asked:
    """The page that the query names. Raises InvalidInput for one too deep, and for a cursor that is not of this list."""
    size, number = wanted.get("page_size", PAGE_SIZE), wanted.get("page", 1)
    text = wanted.get("cursor")
    if text:
        before = _place(text, _BEFORE + word, kinds)
        return Asked(size, place=before or _behind(text, word, kinds), is_before=before is not None)
    if number * size > DEEPEST:
        words = f"Pages reach {DEEPEST} rows deep. Walk on with `cursor`: follow `next`, or begin with an empty one."
        raise _refused("page", words)
    return Asked(size, number)


def _behind(text: str, word: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    place = _place(text, word, kinds)
    if place is None:
        raise _refused("cursor", "This cursor is not of this list. Begin again without it.")
    return place


def _place(text: str, word: str, kinds: Sequence[type]) -> tuple[Any, ...] | None:
    written: Sequence[Any] = [str if kind is uuid.UUID else kind for kind in kinds]
    place = decode_cursor(text, word, written)
    if place is None or not _fits(place):
        return None
    try:
        return tuple(
            uuid.UUID(str(value)) if kind is uuid.UUID else value
            for kind, value in zip(kinds, place, strict=True)
        )
    except ValueError:
        return None


def walked(found: Stretch, results: list[Json], word: str, place: Place) -> Json:
    """The answer of a list that is not counted; `place` gives a row's values in the order that `word` names."""
    following, earlier = _links(found, word, place)
    return {"next": following, "previous": earlier, "results": results}


def collection(
    found: Found, asked: Asked, wanted: Mapping[str, Any], results: list[Json], word: str, place: Place
) -> Json:
    """The answer; `place` gives a row's values in the order that `word` names.

    `next` turns into a cursor where numbered pages end, so that following it reaches the last row.
    """
    following, earlier = _links(found, word, place)
    if asked.place is None and "cursor" not in wanted:
        if found.has_more and (asked.number + 1) * asked.size <= DEEPEST:
            following = _url(page=str(asked.number + 1))
        if found.has_earlier:
            earlier = _url(page=str(asked.number - 1))
    return {
        "count": found.count,
        "count_is_estimate": found.count_is_estimate,
        "next": following,
        "previous": earlier,
        "results": results,
    }


def _links(found: Stretch, word: str, place: Place) -> tuple[str | None, str | None]:
    """By cursor to the page behind these rows, and to the one before them."""
    following = earlier = None
    if found.has_more:
        following = _url(cursor=encode_cursor(word, place(found.rows[-1])))
    if found.has_earlier:
        earlier = _url(cursor=encode_cursor(_BEFORE + word, place(found.rows[0])))
    return following, earlier


def _url(**place: str) -> str:
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in ("page", "cursor")]
    return f"{request.base_url}?{urlencode([*kept, *place.items()])}"


def _fits(place: Sequence[Any]) -> bool:
    return all(not isinstance(value, int) or abs(value) < 2**63 for value in place)


def _refused(field: str, words: str) -> InvalidInput:
    return InvalidInput(words, fields={field: [words]})
