"""Ranges of days that people ask for most, in the reader's own days."""

from datetime import date, timedelta
from typing import NamedTuple

from webapp.ui.i18n import gettext


class Preset(NamedTuple):
    """A range of whole days, both included, and what it is called."""

    label: str
    first: date
    last: date


def presets(today: date) -> list[Preset]:
    """Today, yesterday, the last seven and thirty days, and this month."""
    yesterday = today - timedelta(days=1)
    return [
        Preset(gettext("Today"), today, today),
        Preset(gettext("Yesterday"), yesterday, yesterday),
        Preset(gettext("Last 7 days"), today - timedelta(days=6), today),
        Preset(gettext("Last 30 days"), today - timedelta(days=29), today),
        Preset(gettext("This month"), today.replace(day=1), today),
    ]
