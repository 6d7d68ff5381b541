"""`/api/v1/operations/`: background work, how far it is and what came of it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from flask import Response, jsonify, url_for

from webapp.api.blueprint import Resource, answers
from webapp.api.fields import Keys, Text, Words
from webapp.api.paging import Json, Walk, read_page, walked
from webapp.auth.permissions import Permission, audit_context, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.operations import OperationState
from webapp.core.paging import walk
from webapp.core.worklist import Outcome
from webapp.operations import queries
from webapp.operations.queries import OperationFilter, Viewer
from webapp.operations.service import retry_operation
from webapp.orders.serializers import stamp

if TYPE_CHECKING:
    from webapp.core.operations import Operation

resource = Resource("api_operations", __name__, description="Background work")
_WORD: Final = "-created"
_POSITION: Final = "position"


class OperationQuery(Walk):
    """Which work."""

    kind = Text(most=40)
    state = Words(OperationState)
    channel = Keys()


class VerdictQuery(Walk):
    """Which verdicts."""

    outcome = Words(Outcome)


@resource.get("/")
@requires(Permission.OPERATIONS_VIEW)
@resource.arguments(OperationQuery, location="query")
@answers(200, "OperationPage", "One page of the work that matches.")
def list_operations(wanted: Json) -> Json:
    """Background work, the newest first"""
    kind = wanted.get("kind")
    chosen = OperationFilter(
        kinds=(kind,) if kind else (),
        states=wanted.get("state", ()),
        channel_ids=wanted.get("channel", ()),
    )
    asked = read_page(wanted, _WORD, (datetime, uuid.UUID))
    found = walk(db.session(), queries.lines_for(_viewer(), chosen), queries.NEWEST_FIRST, asked)
    results = [operation_json(row[0]) for row in found.rows]
    return walked(found, results, _WORD, lambda row: (row[0].created_at, str(row[0].id)))


@resource.get("/<uuid:operation_id>/")
@requires(Permission.OPERATIONS_VIEW)
@answers(200, "Operation", "The work.")
def get_operation(operation_id: uuid.UUID) -> Json:
    """One piece of work"""
    return operation_json(queries.operation(db.session(), _viewer(), operation_id).operation)


@resource.get("/<uuid:operation_id>/verdicts/")
@requires(Permission.OPERATIONS_VIEW)
@resource.arguments(VerdictQuery, location="query")
@answers(200, "VerdictPage", "One page of verdicts.")
def list_verdicts(wanted: Json, operation_id: uuid.UUID) -> Json:
    """What became of each thing on the list of an operation"""
    session = db.session()
    queries.operation(session, _viewer(), operation_id)
    statement = queries.verdicts_of(operation_id, wanted.get("outcome", tuple(Outcome)))
    found = walk(session, statement, queries.AS_LISTED, read_page(wanted, _POSITION, (int,)))
    results = [
        {"position": row.position, "outcome": row.outcome, "words": row.words, "order": row.order_id}
        for row in found.rows
    ]
    return walked(found, results, _POSITION, lambda row: (row.position,))


@resource.post("/<uuid:operation_id>/retry/")
@requires(Permission.OPERATIONS_RETRY)
@answers(202, "Operation", "The work, ready to run; `Location` is where to ask how far it is.")
def retry(operation_id: uuid.UUID) -> Response:
    """Let work that was given up run again"""
    queries.operation(db.session(), _viewer(), operation_id)
    with unit_of_work() as session:
        return accepted(retry_operation(session, audit_context(), operation_id))


def accepted(operation: Operation) -> Response:
    """202 with the work that was asked for and where to ask for it."""
    response = jsonify(operation_json(operation))
    response.status_code = 202
    response.headers["Location"] = url_for("api_operations.get_operation", operation_id=operation.id)
    return response


def operation_json(row: Operation) -> dict[str, Any]:
    """Background work as the API writes it; its arguments are ours."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "state": str(row.state),
        "channel": row.channel_id,
        "order": row.order_id,
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "progress_done": row.progress_done,
        "progress_total": row.progress_total,
        "result": row.result,
        "last_error": row.last_error,
        "requested_by": row.requested_by_id,
        "created_date": stamp(row.created_at),
        "started_date": stamp(row.started_at),
        "finished_date": stamp(row.finished_at),
    }


def _viewer() -> Viewer:
    staff = current_staff()
    return Viewer(staff.id, staff.channel_ids, staff.is_narrowed)
