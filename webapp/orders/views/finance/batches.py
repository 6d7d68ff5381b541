"""Transfer batches: gather what waits, export it once for the bank, close it with the bank's reference."""

import uuid
from typing import Any, Final

from flask import Response, make_response, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, requires
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_
from webapp.operations.watching import watch
from webapp.orders.enums import RefundState
from webapp.orders.forms.finance import BankReferenceForm, ExportForm
from webapp.orders.queries import transfers as queries
from webapp.orders.service.refunds.batches import close_batch, gather, remove_transfers
from webapp.orders.service.refunds.exporting import FileKind, download, export_batch
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.finance.blueprint import all_channels, blueprint, tabs
from webapp.payments.models import TransferBatch
from webapp.ui.htmx import redirect, render, toast
from webapp.ui.i18n import gettext, reader_zone
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "newest"
_TYPES: Final = {FileKind.CSV: "text/csv; charset=utf-8", FileKind.XML: "application/xml"}


@blueprint.get("/transfers")
@requires(Permission.REFUND_MANUAL)
def transfers() -> Response:
    """What could be gathered now, and all batches, newest first."""
    all_channels()
    return render("finance/transfers.html", "finance/_transfers.html", **transfers_ctx(db.session()))


def transfers_ctx(session: Session) -> dict[str, Any]:
    """One page of batches."""
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    wanted = queries.batches().limit(PAGE_SIZE + 1)
    if after is not None:
        wanted = wanted.where(TransferBatch.id < int(str(after[0])))
    return {
        "waiting": queries.waiting_by_currency(session),
        "page": page_of(session.scalars(wanted).all(), sort=SORT, key=lambda row: (row.id,), after=after),
        "tabs": tabs("finance.transfers"),
    }


@blueprint.post("/transfers")
@requires(Permission.REFUND_MANUAL)
def gather_batch() -> Response:
    """A new batch of all that waits in one currency."""
    all_channels()
    currency = request.form.get("currency", "")[:3]
    with money_act("transfer_batch.gathered", ("currency", currency), None) as unit:
        gathered = gather(unit, currency, authority())
        batch_id, added = gathered.batch.id, gathered.added
        left_out = [each.words for each in gathered.left_out]
    told = gettext("%(count)s transfers gathered.", count=added)
    if left_out:
        told += " " + gettext("%(count)s were left out: %(why)s", count=len(left_out), why=left_out[0])
    return toast(redirect(url_for(".batch", batch_id=batch_id)), told, "warn" if left_out else "")


@blueprint.get("/transfers/<int:batch_id>")
@requires(Permission.REFUND_MANUAL)
def batch(batch_id: int) -> Response:
    """One batch with its transfers and what can be done with it."""
    all_channels()
    return render("finance/batch.html", "finance/_batch.html", **batch_ctx(db.session(), batch_id))


def batch_ctx(session: Session, batch_id: int, **forms: Any) -> dict[str, Any]:
    """The batch, its transfers, and its two forms. Raises NotFound."""
    found = session.get(TransferBatch, batch_id)
    if found is None:
        raise NotFound(N_("There is no such transfer batch."))
    return {
        "batch": found,
        "rows": queries.transfers_of(session, batch_id),
        "export_form": ExportForm(formdata=None),
        "reference_form": BankReferenceForm(formdata=None),
        "refund_state": RefundState,
        "tabs": tabs("finance.transfers"),
        **forms,
    }


@blueprint.post("/transfers/<int:batch_id>/export")
@requires(Permission.REFUND_MANUAL)
def export(batch_id: int) -> Response:
    """Freeze the batch; from now on its files can be downloaded."""
    all_channels()
    form = ExportForm()
    if not form.validate():
        return _again(batch_id, 422, export_form=form)
    try:
        with money_act("transfer_batch.exported", ("transfer_batch", batch_id), None) as unit:
            today = utc_now().astimezone(reader_zone()).date()
            export_batch(unit, batch_id, authority(), execution_date=form.execution_date.data, today=today)
    except InvalidInput as refused:
        form.execution_date.errors = [gettext(refused.message)]
        return _again(batch_id, 422, export_form=form)
    except Conflict as refused:
        return _again(batch_id, 409, notice=gettext(refused.message), export_form=form)
    told = gettext("Exported. Download the file and hand it to the bank once.")
    return toast(redirect(url_for(".batch", batch_id=batch_id)), told)


@blueprint.post("/transfers/<int:batch_id>/download")
@requires(Permission.REFUND_MANUAL)
def download_file(batch_id: int) -> Response:
    """The very file that was exported; each download is kept in the log."""
    all_channels()
    kind = FileKind(request.form["kind"]) if request.form.get("kind") in set(FileKind) else FileKind.XML
    with money_act("transfer_batch.downloaded", ("transfer_batch", batch_id), None) as unit:
        content = download(unit, batch_id, kind, authority())
        reference = unit.get_one(TransferBatch, batch_id).reference
    response = make_response(content)
    response.headers["Content-Type"] = _TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{reference}.{kind.value}"'
    return response


@blueprint.post("/transfers/<int:batch_id>/close")
@requires(Permission.REFUND_MANUAL)
def close_transfers(batch_id: int) -> Response:
    """The bank has carried it out."""
    all_channels()
    form = BankReferenceForm()
    if not form.validate():
        return _again(batch_id, 422, reference_form=form)
    try:
        with money_act("transfer_batch.closed", ("transfer_batch", batch_id), None) as unit:
            closed, operation = close_batch(unit, batch_id, form.bank_reference.data, authority())
            watch(operation)
            count = closed.transfer_count
    except Conflict as refused:
        return _again(batch_id, 409, notice=gettext(refused.message), reference_form=form)
    told = gettext("Closed. %(count)s transfers are being booked as paid back.", count=count)
    return toast(redirect(url_for(".batch", batch_id=batch_id)), told)


@blueprint.post("/transfers/<int:batch_id>/remove")
@requires(Permission.REFUND_MANUAL)
def remove(batch_id: int) -> Response:
    """Take transfers out again, before the bank may have them."""
    all_channels()
    ids = _ticked()
    with money_act("transfer_batch.changed", ("transfer_batch", batch_id), None) as unit:
        remove_transfers(unit, batch_id, ids, authority())
    told = gettext("%(count)s transfers taken out; they wait as before.", count=len(ids))
    return toast(redirect(url_for(".batch", batch_id=batch_id)), told)


def _again(batch_id: int, status: int, *, notice: str = "", **forms: Any) -> Response:
    session = db.session()
    session.rollback()
    context = batch_ctx(session, batch_id, **forms)
    return render("finance/batch.html", "finance/_batch.html", status=status, notice=notice, **context)


def _ticked() -> list[uuid.UUID]:
    found = []
    for word in request.form.getlist("refund")[:1000]:
        try:
            found.append(uuid.UUID(word))
        except ValueError:
            continue
    if not found:
        raise InvalidInput(N_("Tick at least one transfer."))
    return found
