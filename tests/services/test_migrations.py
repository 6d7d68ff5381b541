"""The migrations make exactly the tables of the models, and each goes down again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from tests.servers import Services
from webapp.core import migrate
from webapp.core.db import Base
from webapp.core.migrate import downgrade, is_current, upgrade
from webapp.core.settings import with_driver


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A PostgreSQL of its own, migrated: the other tests share theirs."""
    own = Services.start(tmp_path)
    yield own.postgres.url
    own.stop()


@pytest.fixture
def engine(url: str, app: Flask) -> Iterator[Engine]:
    """The application is there so that every model has been imported."""
    engine = create_engine(with_driver(url), poolclass=NullPool)
    yield engine
    engine.dispose()


def test_migrations_when_all_have_run_then_the_database_is_what_the_models_say(
    url: str, engine: Engine
) -> None:
    assert is_current(url)
    assert differences(engine) == []


def test_migrations_when_undone_then_nothing_is_left_and_they_run_again(url: str, engine: Engine) -> None:
    downgrade(url, "base")
    with engine.connect() as connection:
        left = connection.exec_driver_sql(
            "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE nspname = 'public' AND relkind IN ('r', 'S', 'i', 'v') AND relname NOT LIKE 'alembic%%'"
            " UNION ALL SELECT proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace"
            " WHERE nspname = 'public' AND NOT EXISTS (SELECT 1 FROM pg_depend"
            " WHERE objid = pg_proc.oid AND deptype = 'e')"
        ).fetchall()
    assert left == []

    upgrade(url)

    assert is_current(url)


def differences(engine: Engine) -> list[Any]:
    """What a migration would still have to do."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def test_migrations_when_the_product_lies_in_a_folder_with_a_per_cent_sign_then_they_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "100% ours"
    folder.symlink_to(migrate.MIGRATIONS.parent, target_is_directory=True)
    monkeypatch.setattr(migrate, "MIGRATIONS", folder / "migrations")

    config = migrate.alembic_config("postgresql://db.example/kontor")

    assert ScriptDirectory.from_config(config).get_current_head() == migrate.head()
