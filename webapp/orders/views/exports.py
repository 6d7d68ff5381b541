"""Export in the list of orders: exactly that list as a file, at once or as work with a download."""

import uuid
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any, Final, cast

from flask import Response, make_response, render_template, request, send_file, url_for
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.core.clock import utc_now
from webapp.core.db import db, reading_on, unit_of_work
from webapp.core.operations import Operation
from webapp.core.sheets import write_xlsx
from webapp.operations.queries import bare_line
from webapp.operations.shown import shown
from webapp.operations.watching import watch
from webapp.orders.queries.exporting import Dress, Names, cells, count_to, csv_pieces, whole_list
from webapp.orders.service import exports as service
from webapp.orders.service.exports import AT_ONCE, Wish
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.columns import chosen_columns
from webapp.orders.views.list import asked_list, statistics_of
from webapp.orders.views.list_state import ListState
from webapp.orders.views.tracking.blueprint import store
from webapp.ui.htmx import redirect, render
from webapp.ui.i18n import catalogue, gettext, reader_zone

KINDS: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_MEMORY: Final = 2_000_000  # bytes


@blueprint.get("/export")
@requires(Permission.EXPORTS_RUN)
def ask_export() -> Response:
    """As what should the list of the address go out?"""
    state = asked_list(db.session(), request.args)
    titles = Dress(_columns(state), gettext, reader_zone()).titles()
    return make_response(render_template("orders/export_ask.html", state=state, titles=titles))


@blueprint.post("/export")
@requires(Permission.EXPORTS_RUN)
def export() -> Response:
    """The list of the address as a file; above AT_ONCE rows a worker writes it."""
    session = db.session()
    state = asked_list(session, request.args)
    kind = "xlsx" if request.form.get("kind") == "xlsx" else "csv"
    wish = Wish(state.wanted, state.sort, _columns(state), kind)
    statistics = statistics_of(session) if wish.wanted.words else None
    rows = count_to(session, wish.wanted, channel_scope(), statistics, AT_ONCE)
    if rows > AT_ONCE:
        return _later(wish)
    with unit_of_work() as unit:
        service.note_small_export(unit, wish, rows, audit_context())
    return _at_once(db.session(), wish, statistics)


@blueprint.get("/exports/<uuid:export_id>")
@requires(Permission.EXPORTS_RUN)
def show_export(export_id: uuid.UUID) -> Response:
    """How far the file is; its fragment asks again until it is there."""
    session = db.session()
    found = service.own_export(session, export_id, current_staff().id)
    operation = session.get_one(Operation, found.operation_id) if found.operation_id else None
    context: dict[str, Any] = {
        "export": found,
        "shown": shown(bare_line(operation)) if operation else None,
        "has_expired": found.expires_at is not None and found.expires_at <= utc_now(),
    }
    return render("orders/export.html", "orders/_export.html", **context)


@blueprint.get("/exports/<uuid:export_id>/file")
@requires(Permission.EXPORTS_RUN)
def download_export(export_id: uuid.UUID) -> Response:
    """The file, for the person who asked for it."""
    with unit_of_work() as session:
        found = service.take_download(session, export_id, audit_context())
        stored_name, kind = str(found.stored_name), found.kind
    path = store().path(stored_name)
    return send_file(path, mimetype=KINDS[kind], as_attachment=True, download_name=_name(kind))


def _columns(state: ListState) -> list[str]:
    """Those of the list as it was seen: a saved view can have its own."""
    return state.columns or chosen_columns(current_staff().preferences)


def _later(wish: Wish) -> Response:
    with unit_of_work() as session:
        export, operation = service.ask_export(session, wish, audit_context())
        watch(operation)
        export_id = export.id
    return redirect(url_for(".show_export", export_id=export_id))


def _at_once(session: Session, wish: Wish, statistics: Any) -> Response:
    # The catalogue itself: what streams has no request any more that could be asked for the reader's language.
    dress = Dress(wish.columns, catalogue().ugettext, reader_zone())
    query = whole_list(wish.wanted, channel_scope(), wish.sort, statistics, wish.columns)
    names = Names.read(session)
    if wish.kind == "xlsx":
        file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
        rows = cells(session, query, dress, names)
        write_xlsx(cast(Any, file), gettext("Orders"), dress.titles(), rows)
        file.seek(0)
        return send_file(file, mimetype=KINDS["xlsx"], as_attachment=True, download_name=_name("xlsx"))
    # A transfer that breaks off has no end mark: the browser says that the file is not whole.
    response = Response(_pieces(db.engine, query, dress, names), mimetype=KINDS["csv"])
    response.headers["Content-Disposition"] = f"attachment; filename={_name('csv')}"
    return response


def _pieces(engine: Engine, query: Any, dress: Dress, names: Names) -> Iterator[bytes]:
    with reading_on(engine) as session:
        yield from csv_pieces(dress.titles(), cells(session, query, dress, names))


def _name(kind: str) -> str:
    return f"orders-{utc_now().astimezone(reader_zone()):%Y-%m-%d-%H%M}.{kind}"
