"""Background work of orders: each takes a key, reloads, calls a service, and is safe to run twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from babel.support import Translations
from flask import current_app

from webapp.cargo.cargo_service import ERRANDS_KIND
from webapp.cargo.carrier import Carriers
from webapp.core.file_store import FileStore
from webapp.core.hints import Handler
from webapp.core.operations import OperationRun
from webapp.core.periodic import SlotSource
from webapp.core.settings import Settings
from webapp.orders.service.assigning import ASSIGN_KIND, run_assigning
from webapp.orders.service.cancellation.bulk import (
    APPROVE_KIND,
    OPEN_KIND,
    REJECT_KIND,
    run_approvals,
    run_cancellations,
    run_rejections,
)
from webapp.orders.service.cancellation.progressing import PROGRESS_KIND, run_progress
from webapp.orders.service.erasing_many import (
    ERASE_KIND,
    RETAIN_KIND,
    retention_slots,
    run_erasure,
    run_retention,
)
from webapp.orders.service.errands import Errands
from webapp.orders.service.exports import EXPORT_KIND, run_export
from webapp.orders.service.figures import FIGURES_KIND, figures_slots, run_figures
from webapp.orders.service.moving_many import MOVE_KIND, run_moves
from webapp.orders.service.refunds.machine import RefundMachine
from webapp.orders.service.refunds.rechecking import RefundRecheck
from webapp.orders.service.refunds.reconcile import DAYS, nightly, reconcile
from webapp.orders.service.refunds.transferred import settle_batch
from webapp.orders.service.tags import TAG_KIND, run_tagging
from webapp.orders.service.tidying import TIDY_KIND, tidy, tidy_slot
from webapp.orders.service.tracking.applying import apply as apply_upload
from webapp.orders.service.tracking.checking import check
from webapp.orders.service.tracking.undoing import undo as undo_upload
from webapp.orders.service.tracking.uploads import APPLY_KIND, CHECK_KIND, UNDO_KIND
from webapp.payments.gateway import Gateways


def run_refund(run: OperationRun) -> None:
    """Take one refund one step further."""
    settings: Settings = current_app.extensions["kontor_settings"]
    gateways: Gateways = current_app.extensions["kontor_gateways"]
    RefundMachine(gateways, settings.timing).run(run)


def run_reconciliation(run: OperationRun) -> None:
    """Compare a gateway's list with our ledger."""
    gateways: Gateways = current_app.extensions["kontor_gateways"]
    reconcile(run, gateways(str(run.args["gateway"])), days=int(run.args.get("days", DAYS)))


def recheck_refund(run: OperationRun) -> None:
    """Look at a refund again because its gateway has news."""
    settings: Settings = current_app.extensions["kontor_settings"]
    gateways: Gateways = current_app.extensions["kontor_gateways"]
    RefundRecheck(gateways, settings.timing).run(run)


def run_errands(run: OperationRun) -> None:
    """Ask carriers what an order wants of them."""
    settings: Settings = current_app.extensions["kontor_settings"]
    carriers: Carriers = current_app.extensions["kontor_carriers"]
    Errands(carriers, settings.timing).run(run)


def check_upload(run: OperationRun) -> None:
    """Read an uploaded spreadsheet in a guarded child, and give every row its verdict."""
    settings: Settings = current_app.extensions["kontor_settings"]
    check(run, FileStore.of_home(settings.home), most_rows=settings.upload_rows)


def forget_old_customers(run: OperationRun) -> None:
    """Erase customers whose time has passed."""
    settings: Settings = current_app.extensions["kontor_settings"]
    run_retention(run, FileStore.of_home(settings.home), settings.retention_months)


def erase_customers(run: OperationRun) -> None:
    """Erase the customers that somebody named."""
    settings: Settings = current_app.extensions["kontor_settings"]
    run_erasure(run, FileStore.of_home(settings.home))


def write_export(run: OperationRun) -> None:
    """Write a list of orders to a file in the words of whoever asked."""
    settings: Settings = current_app.extensions["kontor_settings"]
    run_export(run, FileStore.of_home(settings.home), _translator)


def tidy_files(run: OperationRun) -> None:
    """Delete uploaded and exported files whose time is over."""
    settings: Settings = current_app.extensions["kontor_settings"]
    tidy(run, FileStore.of_home(settings.home))


def _translator(language: str) -> Callable[[str], str]:
    folder = Path(current_app.root_path) / "translations"
    return Translations.load(str(folder), [language]).ugettext


HANDLERS: Final[dict[str, Handler]] = {
    "transfers.settle": settle_batch,
    "refund.run": run_refund,
    "refund.recheck": recheck_refund,
    "refund.reconcile": run_reconciliation,
    PROGRESS_KIND: run_progress,
    APPROVE_KIND: run_approvals,
    OPEN_KIND: run_cancellations,
    REJECT_KIND: run_rejections,
    MOVE_KIND: run_moves,
    ERRANDS_KIND: run_errands,
    EXPORT_KIND: write_export,
    TIDY_KIND: tidy_files,
    CHECK_KIND: check_upload,
    APPLY_KIND: apply_upload,
    UNDO_KIND: undo_upload,
    TAG_KIND: run_tagging,
    ERASE_KIND: erase_customers,
    RETAIN_KIND: forget_old_customers,
    ASSIGN_KIND: run_assigning,
    FIGURES_KIND: run_figures,
}
SLOT_SOURCES: Final[tuple[SlotSource, ...]] = (nightly, figures_slots, retention_slots, tidy_slot)
