"""The numbers beside the sidebar's words: what the last page that counted has found. No page counts for them."""

from typing import Final

from flask import Flask, current_app

from webapp.auth.permissions import channel_scope
from webapp.ui.navigation import set_badge

_KEPT: Final = "kontor_badges"
MOST_SCOPES: Final = 200  # sets of channels that people are limited to


def init_badges(app: Flask) -> None:
    """Show them once somebody of the same channels has looked."""
    app.extensions[_KEPT] = {}
    set_badge(app, "attention.index", lambda: _kept()[0])
    set_badge(app, "cancellations.index", lambda: _kept()[1])


def keep_badges(*, urgent: int, undecided: int) -> None:
    """Remember what was counted for the reader's channels."""
    kept: dict[frozenset[int] | None, tuple[int, int]] = current_app.extensions[_KEPT]
    if len(kept) >= MOST_SCOPES:
        kept.clear()
    kept[channel_scope()] = (urgent, undecided)


def _kept() -> tuple[int, int]:
    kept: dict[frozenset[int] | None, tuple[int, int]] = current_app.extensions[_KEPT]
    return kept.get(channel_scope(), (0, 0))
