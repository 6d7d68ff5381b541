"""What staff do with tracking uploads: hand in, choose columns, apply, check again, undo."""

import io
from typing import cast

from flask import Response, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.auth.permissions import Permission, audit_context, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.file_store import StoredFile, TooLarge
from webapp.operations.watching import watch
from webapp.orders.forms.tracking import UploadForm
from webapp.orders.service import tracking as service
from webapp.orders.tracking_file.limits import LARGEST_FILE, Unreadable
from webapp.orders.tracking_file.reading import check_head
from webapp.orders.views.tracking.blueprint import blueprint, seen, store
from webapp.orders.views.tracking.pages import columns_form, index_page, upload_page
from webapp.orders.views.tracking.words import refusal_words
from webapp.ui.htmx import redirect, toast
from webapp.ui.i18n import gettext
from webapp.ui.stale import notice_of


@blueprint.post("/")
@requires(Permission.TRACKING_UPLOAD)
def hand_in() -> Response:
    """Keep the bytes and let a worker look at them: nothing of the file is opened here."""
    form = UploadForm()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _refused(form, "missing", 422)
    try:
        stored = _stored(file)
    except TooLarge:
        return _refused(form, "too_large", 413)
    except Unreadable as refused:
        return _refused(form, refused.code, 422 if refused.code == "empty" else 415)
    try:
        with unit_of_work() as session:
            upload = service.store_upload(session, stored, file.filename, audit_context())
            upload_id = upload.id
    except BaseException:
        store().remove(stored.name)
        raise
    return redirect(url_for(".show", upload_id=upload_id))


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_: RequestEntityTooLarge) -> Response:
    """A request beyond the limit of all requests: said at the field like a file that is a little too large."""
    return _refused(UploadForm(formdata=None), "too_large", 413)


@blueprint.post("/<int:upload_id>/columns")
@requires(Permission.TRACKING_UPLOAD)
def choose_columns(upload_id: int) -> Response:
    """Which column is which; what was chosen stays in the form when it is not right yet."""
    upload = seen(db.session(), upload_id)
    form = columns_form(db.session(), upload)
    try:
        with unit_of_work() as session:
            operation = service.choose_columns(
                session,
                upload_id,
                form.chosen(),
                audit_context(),
                has_header=bool(form.has_header.data),
                version=_version(),
            )
            watch(operation)
    except InvalidInput as refused:
        form.refuse(refused.fields)
        return upload_page(seen(db.session(), upload_id), form=form, status=422)
    except Conflict as refused:
        return upload_page(seen(db.session(), upload_id), form=form, status=409, notice=notice_of(refused))
    return redirect(url_for(".show", upload_id=upload_id))


@blueprint.post("/<int:upload_id>/apply")
@requires(Permission.TRACKING_UPLOAD)
def apply(upload_id: int) -> Response:
    """Have the rows that will ship applied; a second click finds the work of the first."""
    seen(db.session(), upload_id)
    try:
        with unit_of_work() as session:
            operation, _ = service.bulk_tracking_number_update(
                session, upload_id, audit_context(), version=_version()
            )
            watch(operation)
    except Conflict as refused:
        return _conflict(upload_id, refused)
    return toast(redirect(url_for(".show", upload_id=upload_id)), gettext("The numbers are being written."))


@blueprint.post("/<int:upload_id>/check")
@requires(Permission.TRACKING_UPLOAD)
def check_again(upload_id: int) -> Response:
    """Judge the rows by how the orders stand now."""
    seen(db.session(), upload_id)
    try:
        with unit_of_work() as session:
            watch(service.check_again(session, upload_id, audit_context()))
    except Conflict as refused:
        return _conflict(upload_id, refused)
    return redirect(url_for(".show", upload_id=upload_id))


@blueprint.post("/<int:upload_id>/undo")
@requires(Permission.TRACKING_UPLOAD)
def undo(upload_id: int) -> Response:
    """Take back what nobody has changed since and no channel has heard."""
    seen(db.session(), upload_id)
    try:
        with unit_of_work() as session:
            watch(service.undo_upload(session, upload_id, audit_context(), version=_version()))
    except Conflict as refused:
        return _conflict(upload_id, refused)
    return toast(redirect(url_for(".show", upload_id=upload_id)), gettext("The upload is being undone."))


def _stored(file: FileStorage) -> StoredFile:
    """The bytes in the store. Raises TooLarge, and Unreadable for what its first bytes show to be something else."""
    stored = store().take(cast(io.BufferedIOBase, file.stream), largest=LARGEST_FILE)
    try:
        check_head(stored.head)
    except Unreadable:
        store().remove(stored.name)
        raise
    return stored


def _refused(form: UploadForm, code: str, status: int) -> Response:
    return index_page(form.refuse(refusal_words({"code": code})), status=status)


def _conflict(upload_id: int, refused: Conflict) -> Response:
    db.session.rollback()
    return upload_page(seen(db.session(), upload_id), status=409, notice=notice_of(refused))


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() else None
