"""What most tests stand on. PostgreSQL and Valkey start with the first test that asks for them, once per session."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from flask import Flask
from psycopg import sql
from sqlalchemy.orm import Session

from tests.client import Client
from tests.servers import Processes, Services
from webapp.core.db import db
from webapp.core.settings import Settings, Timing


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The session's own PostgreSQL and Valkey, migrated."""
    services = Services.start(tmp_path_factory.mktemp("servers"))
    yield services
    services.stop()


@pytest.fixture(scope="session")
def settings(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the application under test."""
    return Settings(
        home=tmp_path_factory.mktemp("home"),
        database_url=services.postgres.url,
        redis_url=services.valkey.url,
        secret_key="a key that only tests use, long enough",
        credential_keys=(Fernet.generate_key().decode(),),
        allow_private_network=True,
        testing=True,
        # Every test fills its own tables: nothing may be remembered from the one before.
        timing=Timing(counts_s=0.001),
    )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Flask:
    """The application, made once; it holds no state between requests."""
    from webapp.app import create_app

    app = create_app(settings)
    app.test_client_class = Client
    return app


@pytest.fixture
def empty_database(services: Services) -> None:
    """Every table but Alembic's empty, and nothing in Redis. Only tables with rows are truncated: that is fast."""
    with psycopg.connect(services.postgres.url, autocommit=True) as connection:
        # Waiting here means that an earlier test left a transaction open.
        connection.execute("SET lock_timeout = '15s'")
        filled = _filled_tables(connection)
        if filled:
            names = sql.SQL(", ").join(map(sql.Identifier, filled))
            connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
    with redis.Redis.from_url(services.valkey.url) as valkey:
        valkey.flushall()


@pytest.fixture
def session(app: Flask, empty_database: None) -> Iterator[Session]:
    """An application context around the test, and its database session, on empty tables.

    `unit_of_work()` begins by rolling this session back: commit what you have set up before you call a service or
    the client.
    """
    with app.app_context():
        yield db.session()
        db.session.rollback()


@pytest.fixture
def client(app: Flask, empty_database: None) -> Client:
    """A client with cookies of its own, on empty tables."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client


@pytest.fixture
def redis_url(services: Services, empty_database: None) -> str:
    """The address of the emptied Valkey."""
    return services.valkey.url


@pytest.fixture
def processes(services: Services, settings: Settings, tmp_path: Path) -> Iterator[Processes]:
    """Starts workers, sweepers and others for real; ends them with the test."""
    processes = Processes(settings, tmp_path, services.warden)
    yield processes
    processes.stop()


def _filled_tables(connection: psycopg.Connection) -> list[str]:
    tables = [
        name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    questions = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for name in tables
        if name != "alembic_version"
    ]
    if not questions:
        return []
    return [name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(questions))]
