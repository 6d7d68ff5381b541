"""What a request may do outside of a unit of work, and what stays prepared for the next one."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from webapp.core.db import begin_reading, db, end_reading, unit_of_work

PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 4711%'")


@pytest.fixture
def reading(session: Session) -> Session:
    """The session as a request has it."""
    begin_reading(session)
    return session


def test_reading_when_something_writes_then_postgresql_refuses(reading: Session) -> None:
    with pytest.raises(InternalError, match="read-only transaction"):
        reading.execute(text("CREATE TABLE stray ()"))


def test_reading_when_a_unit_of_work_follows_then_it_writes_and_reading_goes_on(reading: Session) -> None:
    reading.execute(text("SELECT 1"))

    with unit_of_work() as session:
        session.execute(text("CREATE TABLE wanted AS SELECT 7 AS kept"))

    assert reading.execute(text("SELECT kept FROM wanted")).scalar_one() == 7
    with pytest.raises(InternalError, match="read-only transaction"):
        reading.execute(text("DROP TABLE wanted"))
    with unit_of_work() as session:
        session.execute(text("DROP TABLE wanted"))


def test_reading_when_over_then_what_was_prepared_stays(session: Session) -> None:
    with db.engine.connect(), db.engine.connect(), db.engine.connect():
        pass  # a pool that lent several before goes on lending the one that was used last
    for _ in range(8):
        begin_reading(session)
        session.execute(text("SELECT 4711"))
        end_reading(session)

    assert session.execute(PREPARED).scalar_one() == 1


def test_reading_when_a_statement_failed_then_the_next_request_reads(session: Session) -> None:
    begin_reading(session)
    with pytest.raises(Exception, match="division by zero"):
        session.execute(text("SELECT 1 / 0"))
    end_reading(session)

    begin_reading(session)
    assert session.execute(text("SELECT 1")).scalar_one() == 1


def test_reading_when_the_connection_was_ended_then_ending_says_nothing(session: Session) -> None:
    begin_reading(session)
    session.execute(text("SELECT 1"))
    connection: object = session.connection().connection.driver_connection
    connection.close()  # type: ignore[attr-defined]

    end_reading(session)

    assert session.execute(text("SELECT 1")).scalar_one() == 1
