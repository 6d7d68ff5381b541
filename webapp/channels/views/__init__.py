"""The pages of channels: how they fare, pulling and backfilling, failed records, their settings."""

from webapp.channels.views import backfill, failed, overview, settings, telling, words
from webapp.channels.views.blueprint import blueprint

__all__ = ["backfill", "blueprint", "failed", "overview", "settings", "telling", "words"]
