"""S33: what the audit log and the ledger have, nobody changes and nobody deletes, whoever holds the product's own role."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.core.audit import SYSTEM, record
from webapp.core.db import unit_of_work


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET actor = 'Somebody else'", "DELETE FROM audit_entry"]
)
def test_an_entry_when_somebody_would_change_or_delete_it_then_the_database_refuses(
    session: Session, statement: str
) -> None:
    with unit_of_work() as unit:
        record(unit, SYSTEM, "auth.signed_in", subject=("staff", 1))
    before = session.execute(text("SELECT * FROM audit_entry")).all()
    session.rollback()

    with pytest.raises(DBAPIError, match="append"), unit_of_work() as unit:
        unit.execute(text(statement))

    session.rollback()
    assert session.execute(text("SELECT * FROM audit_entry")).all() == before
    assert len(before) == 1


def test_ledger_and_attempts_when_made_then_guarded_by_the_same_rule(session: Session) -> None:
    guarded = session.scalars(
        text(
            "SELECT event_object_table FROM information_schema.triggers"
            " WHERE trigger_name LIKE '%_append_only' AND event_manipulation = 'DELETE' ORDER BY 1"
        )
    ).all()

    assert guarded == ["audit_entry", "ledger_entry", "refund_attempt"]
