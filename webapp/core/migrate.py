"""Alembic without an ini file: bring the database to this code's schema, and say whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from webapp.core.settings import with_driver

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str) -> Config:
    """Alembic's configuration for this database URL."""
    config = Config()
    # Alembic reads options as configparser does, for which a % begins a reference.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["url"] = with_driver(url)
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing; safe to call from several processes at once (one waits for the other)."""
    command.upgrade(alembic_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Go back to a revision ("base" empties the database)."""
    command.downgrade(alembic_config(url), revision)


def head() -> str:
    """The revision this code wants."""
    script = ScriptDirectory(str(MIGRATIONS))
    return script.get_current_head() or ""


def current(connection: Connection) -> str | None:
    """The revision the database has; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def is_current(url: str) -> bool:
    """Whether the database has this code's schema."""
    engine = create_engine(with_driver(url))
    try:
        with engine.connect() as connection:
            return current(connection) == head()
    finally:
        engine.dispose()
