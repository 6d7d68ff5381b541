"""Connections that broke while nobody used them are replaced; those that stand are not asked."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from tests.servers import Services
from webapp.core import pool
from webapp.core.settings import with_driver


@pytest.fixture
def engine(services: Services) -> Iterator[Engine]:
    engine = create_engine(with_driver(services.postgres.url), pool_size=2)
    yield engine
    engine.dispose()


def test_a_connection_that_the_server_ended_when_it_is_used_again_is_replaced(engine: Engine) -> None:
    pool.check_connections(engine)

    first = _backend(engine)
    _end(engine, first)

    assert _backend(engine) != first
    assert _checked_in(engine) == 1


def test_an_ended_connection_when_nobody_checks_fails(engine: Engine) -> None:
    first = _backend(engine)
    _end(engine, first)

    with pytest.raises(OperationalError):
        _backend(engine)


def test_a_connection_when_it_was_just_used_is_not_asked(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.check_connections(engine)
    asked = _count_questions(monkeypatch)

    assert _backend(engine) == _backend(engine)
    assert asked == []


def test_a_connection_when_it_rested_is_asked_and_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.check_connections(engine)
    monkeypatch.setattr(pool, "REST_S", -1.0)
    asked = _count_questions(monkeypatch)

    assert _backend(engine) == _backend(engine)
    assert asked == [True]


def _count_questions(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    answers: list[bool] = []
    ask = pool._answers

    def count(connection: object) -> bool:
        answers.append(ask(connection))  # type: ignore[arg-type]
        return answers[-1]

    monkeypatch.setattr(pool, "_answers", count)
    return answers


def _backend(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _end(engine: Engine, backend: int) -> None:
    """End that connection from another one, and wait until the server has said so."""
    other = create_engine(engine.url, poolclass=NullPool)
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})


def _checked_in(engine: Engine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedin()
