"""Background work of orders: each takes a key, reloads, calls a service, and is safe to run twice."""

from typing import Final

from flask import current_app

from webapp.core.hints import Handler
from webapp.core.operations import OperationRun
from webapp.core.periodic import SlotSource
from webapp.core.settings import Settings
from webapp.orders.service.refunds.machine import Gateways, RefundMachine
from webapp.orders.service.refunds.reconcile import nightly, reconcile


def run_refund(run: OperationRun) -> None:
    """Take one refund one step further."""
    settings: Settings = current_app.extensions["kontor_settings"]
    gateways: Gateways = current_app.extensions["kontor_gateways"]
    RefundMachine(gateways, settings.timing).run(run)


def run_reconciliation(run: OperationRun) -> None:
    """Compare a gateway's list with our ledger."""
    gateways: Gateways = current_app.extensions["kontor_gateways"]
    reconcile(run, gateways(str(run.args["gateway"])))


HANDLERS: Final[dict[str, Handler]] = {"refund.run": run_refund, "refund.reconcile": run_reconciliation}
SLOT_SOURCES: Final[tuple[SlotSource, ...]] = (nightly,)
