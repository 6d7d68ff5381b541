"""The numbers beside the sidebar's words: what the last page that counted has found. No page counts for them."""

from typing import Final

from flask import Flask, current_app

from webapp.auth.permissions import channel_scope, current_staff
from webapp.ui.navigation import set_area, set_badge

_KEPT: Final = "kontor_badges"
_MENTIONS: Final = "kontor_mentions"
MOST_STAFF: Final = 2_000  # then everybody's number is counted again
MOST_SCOPES: Final = 200  # sets of channels that people are limited to


def init_badges(app: Flask) -> None:
    """Show them once somebody of the same channels has looked."""
    app.extensions[_KEPT] = {}
    app.extensions[_MENTIONS] = {}
    set_area(app, "customers", "orders")
    set_badge(app, "attention.index", lambda: _kept()[0])
    set_badge(app, "cancellations.index", lambda: _kept()[1])
    set_badge(app, "mentions.index", lambda: _mentions().get(current_staff().id, 0))


def keep_badges(*, urgent: int, undecided: int) -> None:
    """Remember what was counted for the reader's channels."""
    kept: dict[frozenset[int] | None, tuple[int, int]] = current_app.extensions[_KEPT]
    if len(kept) >= MOST_SCOPES:
        kept.clear()
    kept[channel_scope()] = (urgent, undecided)


def keep_mentions(staff_id: int, unread: int) -> None:
    """Remember how many mentions this person has not read."""
    kept = _mentions()
    if len(kept) >= MOST_STAFF:
        kept.clear()
    kept[staff_id] = unread


def _mentions() -> dict[int, int]:
    kept: dict[int, int] = current_app.extensions[_MENTIONS]
    return kept


def _kept() -> tuple[int, int]:
    kept: dict[frozenset[int] | None, tuple[int, int]] = current_app.extensions[_KEPT]
    return kept.get(channel_scope(), (0, 0))
