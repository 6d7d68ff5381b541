"""Background work of carriers: takes a key, calls a service, safe to run twice."""

from typing import Final

from flask import current_app

from webapp.cargo.account_changes import CHECK_KIND
from webapp.cargo.checking import CarrierCheck
from webapp.core.hints import Handler
from webapp.core.operations import OperationRun
from webapp.core.settings import Settings


def check(run: OperationRun) -> None:
    """Ask a carrier whether it takes our key."""
    settings: Settings = current_app.extensions["kontor_settings"]
    CarrierCheck(settings).run(run)


HANDLERS: Final[dict[str, Handler]] = {CHECK_KIND: check}
