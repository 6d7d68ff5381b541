"""Bulk tracking numbers: a spreadsheet comes in, a worker reads, judges and applies it, and its state can be asked for."""

import io
from typing import Any, Final, cast

from flask import Response, current_app, jsonify, request, url_for
from marshmallow import Schema
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.api.blueprint import Resource, answers
from webapp.api.fields import Key, QueryWhole
from webapp.api.paging import Json
from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput, PermissionDenied
from webapp.core.file_store import FileStore, StoredFile, TooLarge
from webapp.orders.service import tracking as service
from webapp.orders.service.tracking import UploadStatus
from webapp.orders.tracking_file.limits import LARGEST_FILE, Unreadable
from webapp.orders.tracking_file.reading import check_head
from webapp.orders.views.tracking.words import refusal_words

resource = Resource("api_tracking", __name__, description="Tracking numbers")
_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            }
        },
    }
}


class NotASpreadsheet(InvalidInput):
    """The file is of another kind; its first bytes say so."""

    http_status = 415


class UploadQuery(Schema):
    """Which upload."""

    id = QueryWhole(least=1, required=True)


class UndoneUpload(Schema):
    """Which upload is taken back."""

    id = Key(required=True)


@resource.post("/bulk_tracking_number_update/")
@requires(Permission.TRACKING_UPLOAD)
@resource.doc(**_FORM, **{"x-refusals": ["415"]})
@answers(202, "TrackingUpload", "The upload; `Location` is where to ask how far it is.")
def bulk_tracking_number_update() -> Response:
    """Hand in a spreadsheet of order numbers, carriers and tracking numbers (XLSX or CSV, 10 MB at most)

    Its rows are applied as soon as a worker has read them; ask for the state with the `id`.
    """
    _refuse_narrow_token()
    file = request.files.get("file")
    if file is None or not file.filename:
        words = "Send the spreadsheet as the part `file` of multipart/form-data."
        raise InvalidInput(words, fields={"file": [words]})
    stored = _stored(file)
    try:
        with unit_of_work() as session:
            upload = service.store_upload(session, stored, file.filename, audit_context())
            service.bulk_tracking_number_update(session, upload.id, audit_context())
            answer = _json(service.bulk_tracking_number_update_status(session, upload.id))
    except BaseException:
        _store().remove(stored.name)
        raise
    return _accepted(answer)


@resource.get("/bulk_tracking_number_update_status/")
@requires(Permission.TRACKING_UPLOAD)
@resource.arguments(UploadQuery, location="query")
@resource.doc(**{"x-refusals": ["404"]})
@answers(200, "TrackingUpload", "The upload with counts that add up to its rows.")
def bulk_tracking_number_update_status(wanted: Json) -> Json:
    """How an upload of tracking numbers stands"""
    session = db.session()
    service.visible_upload(session, wanted["id"], current_staff().id, channel_scope())
    _refuse_narrow_token()
    return _json(service.bulk_tracking_number_update_status(session, wanted["id"]))


@resource.post("/bulk_tracking_number_update_undo/")
@requires(Permission.TRACKING_UPLOAD)
@resource.arguments(UndoneUpload)
@resource.doc(**{"x-refusals": ["404"]})
@answers(202, "TrackingUpload", "The upload; `Location` is where to ask how far it is.")
def bulk_tracking_number_update_undo(sent: Json) -> Response:
    """Take an upload back within a day, for items that nobody has changed since and whose channel was not told yet"""
    service.visible_upload(db.session(), sent["id"], current_staff().id, channel_scope())
    _refuse_narrow_token()
    with unit_of_work() as session:
        service.undo_upload(session, sent["id"], audit_context())
        return _accepted(_json(service.bulk_tracking_number_update_status(session, sent["id"])))


def _refuse_narrow_token() -> None:
    """A worker applies the rows with its owner's rights: a token that sees less must not reach or learn more that way."""
    if current_staff().is_narrowed:
        raise PermissionDenied(
            "This token sees fewer channels than its owner, and a file may name any order. Use one that sees as many.",
            code="token_too_narrow",
        )


def _stored(file: Any) -> StoredFile:
    """The bytes in the store. Raises RequestEntityTooLarge, and what their first bytes show to be no spreadsheet."""
    try:
        stored = _store().take(cast(io.BufferedIOBase, file.stream), largest=LARGEST_FILE)
    except TooLarge:
        raise RequestEntityTooLarge() from None
    try:
        check_head(stored.head)
    except Unreadable as refused:
        _store().remove(stored.name)
        raise _no_spreadsheet(refused) from None
    return stored


def _no_spreadsheet(refused: Unreadable) -> InvalidInput:
    """What the page says of such a file, with its code; an empty one is 422, another kind of file 415."""
    kind = InvalidInput if refused.code == "empty" else NotASpreadsheet
    words = refusal_words({"code": refused.code})
    return kind(words, fields={"file": [words]}, code=refused.code)


def _store() -> FileStore:
    return FileStore.of_home(current_app.extensions["kontor_settings"].home)


def _accepted(answer: Json) -> Response:
    response = jsonify(answer)
    response.status_code = 202
    response.headers["Location"] = url_for("api_tracking.bulk_tracking_number_update_status", id=answer["id"])
    return response


def _json(status: UploadStatus) -> Json:
    names = ("state", "rows", "waiting", "shipped", "unchanged", "refused", "undone")
    return {
        "id": status.upload_id,
        **{name: getattr(status, name) for name in names},
        "verdicts": dict(status.verdicts),
        "operation": None if status.operation_id is None else str(status.operation_id),
        "refusal": dict(status.refusal),
    }
