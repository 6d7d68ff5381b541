"""Background work of webhooks: each takes a key, reloads, and is safe to run twice."""

from typing import Final

from flask import current_app

from webapp.core.hints import Handler
from webapp.core.operations import OperationRun
from webapp.core.periodic import SlotSource
from webapp.core.secrets import current_vault
from webapp.core.settings import Settings
from webapp.events.announcing import SPREAD_KIND
from webapp.webhooks.delivering import Courier
from webapp.webhooks.keeping import CLEAN_KIND, clean, daily
from webapp.webhooks.spreading import DELIVER_KIND, left_over, spread


def deliver(run: OperationRun) -> None:
    """Send what waits for one subscription."""
    settings: Settings = current_app.extensions["kontor_settings"]
    Courier(settings, current_vault()).run(run)


HANDLERS: Final[dict[str, Handler]] = {SPREAD_KIND: spread, DELIVER_KIND: deliver, CLEAN_KIND: clean}
SLOT_SOURCES: Final[tuple[SlotSource, ...]] = (left_over, daily)
