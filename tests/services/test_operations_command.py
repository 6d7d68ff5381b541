"""`kontor operations`: the same lists and the same second chance as on the page."""

import json
import uuid

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.servers import settings_environment
from webapp.cli import main
from webapp.core.audit import AuditEntry
from webapp.core.operations import Operation
from webapp.core.settings import Settings


@pytest.fixture
def kontor(settings: Settings, session: Session):  # type: ignore[no-untyped-def]
    """Runs `kontor operations …` against the test database."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["operations", *words], env=settings_environment(settings))

    return run


def make_operation(session: Session, **values: object) -> Operation:
    defaults = {
        "kind": "channel.pull",
        "queue": "channels",
        "dedupe_key": uuid.uuid4().hex,
        "args": {"page": 7},
    }
    operation = Operation(**{**defaults, **values})
    session.add(operation)
    session.commit()
    return operation


def test_list_when_filtered_then_json_holds_exactly_these(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    dead = make_operation(session, state="dead", last_error="no answer")
    make_operation(session, state="done")
    make_operation(session, state="dead", kind="channel.reread")

    result = kontor("list", "--state", "dead", "--kind", "channel.pull", "--json")

    assert result.exit_code == 0
    (row,) = json.loads(result.output)
    assert (row["id"], row["state"], row["last_error"]) == (str(dead.id), "dead", "no answer")


def test_list_when_for_people_then_is_a_table_with_one_line_each(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    make_operation(session, state="done", progress_done=86, progress_total=240)

    result = kontor("list")

    head, line = result.output.splitlines()
    assert head.split()[:3] == ["id", "kind", "state"]
    assert "channel.pull" in line
    assert "86/240" in line


def test_show_when_asked_then_tells_everything(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    operation = make_operation(session, state="done", result={"created": 3})

    (row,) = json.loads(kontor("show", str(operation.id), "--json").output)
    text = kontor("show", str(operation.id)).output

    assert (row["args"], row["result"]) == ({"page": 7}, {"created": 3})
    assert "channel.pull" in text


def test_retry_when_given_up_then_it_waits_again_and_the_audit_names_the_command_line(
    kontor, session: Session
) -> None:  # type: ignore[no-untyped-def]
    operation = make_operation(session, state="dead", attempt=6)

    result = kontor("retry", str(operation.id))

    session.refresh(operation)
    entry = session.scalars(select(AuditEntry)).one()
    assert result.output == f"channel.pull {operation.id} runs again.\n"
    assert (operation.state, operation.attempt) == ("ready", 0)
    assert (entry.tag, entry.origin, entry.actor) == ("operation.retried", "command", "command line")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [("done", "Only work that was given up"), (None, "There is no such operation.")],
)
def test_retry_when_it_cannot_then_one_sentence_and_exit_status_1(  # type: ignore[no-untyped-def]
    kontor, session: Session, state: str | None, sentence: str
) -> None:
    key = make_operation(session, state=state).id if state else uuid.uuid4()

    result = kontor("retry", str(key))

    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output
