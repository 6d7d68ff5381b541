"""`kontor operations`: background work from the command line, in the words of the Operations page."""

import uuid
from datetime import datetime
from typing import Any

import click

from webapp.commands.context import BY_COMMAND, print_rows, with_app
from webapp.core.operations import OperationState

COLUMNS = ("id", "kind", "state", "attempt", "progress", "channel", "asked_at", "last_error")
STATES = [state.value for state in OperationState]


@click.group()
def operations() -> None:
    """List background work, look at one piece, let a given-up one run again."""


@operations.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only these states; may be repeated."
)
@click.option(
    "--kind", "kinds", multiple=True, help="Only these kinds, such as channel.pull; may be repeated."
)
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most so many."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_app
def list_operations(states: tuple[str, ...], kinds: tuple[str, ...], limit: int, as_json: bool) -> None:
    """The newest operations first."""
    from webapp.core.db import db
    from webapp.operations import queries

    chosen = queries.OperationFilter(kinds=kinds, states=tuple(OperationState(state) for state in states))
    lines = queries.operations(db.session(), queries.EVERYTHING, chosen, limit=limit)
    print_rows([_row(line) for line in lines], COLUMNS, as_json=as_json)


@operations.command("show")
@click.argument("operation_id", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="One JSON array with one object.")
@with_app
def show(operation_id: uuid.UUID, as_json: bool) -> None:
    """Everything about one operation."""
    from webapp.core.db import db
    from webapp.operations import queries

    row = _row(queries.operation(db.session(), queries.EVERYTHING, operation_id), whole=True)
    if as_json:
        print_rows([row], row, as_json=True)
        return
    print_rows(
        [{"field": name, "value": value} for name, value in row.items()], ("field", "value"), as_json=False
    )


@operations.command("retry")
@click.argument("operation_id", type=click.UUID)
@with_app
def retry(operation_id: uuid.UUID) -> None:
    """Let a given-up operation run again from its first attempt."""
    from webapp.core.db import unit_of_work
    from webapp.operations.service import retry_operation

    with unit_of_work() as session:
        kind = retry_operation(session, BY_COMMAND, operation_id).kind
    click.echo(f"{kind} {operation_id} runs again.")


def _row(line: Any, *, whole: bool = False) -> dict[str, Any]:
    operation = line.operation
    total = operation.progress_total
    row = {
        "id": str(operation.id),
        "kind": operation.kind,
        "state": operation.state,
        "attempt": operation.attempt,
        "progress": f"{operation.progress_done}/{total}" if total else str(operation.progress_done),
        "channel": line.channel,
        "asked_at": _text(operation.created_at),
        "last_error": operation.last_error,
    }
    if not whole:
        return row
    return row | {
        "queue": operation.queue,
        "args": operation.args,
        "max_attempts": operation.max_attempts,
        "note": operation.progress_note,
        "result": operation.result,
        "order": line.order_number,
        "asked_by": line.requested_by,
        "next_run_at": _text(operation.next_run_at),
        "started_at": _text(operation.started_at),
        "finished_at": _text(operation.finished_at),
        "request_id": operation.request_id,
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
