"""`kontor database psql|pg_dump|pg_restore …`: PostgreSQL's own tools on our database, without its password on show."""

import os
import shutil

import click
from psycopg.conninfo import conninfo_to_dict

from webapp.commands.context import current_settings
from webapp.core.embedded import postgres_tool

# libpq's variable for each part of a URL; what a URL may say beyond these, the tool reads from its own options.
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("tool", type=click.Choice(["psql", "pg_dump", "pg_restore"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def database(tool: str, arguments: tuple[str, ...]) -> None:
    """Run a PostgreSQL TOOL on the database, for backups and questions: `kontor database pg_dump -Fc -f FILE`."""
    settings = current_settings()
    url = (settings.migration_database_url or settings.sqlalchemy_url).replace("+psycopg", "", 1)
    # For a server from elsewhere the system's tools are the better fit: pg_dump refuses a server newer than itself.
    path = (shutil.which(tool) if os.environ.get("DATABASE_URL") else None) or str(postgres_tool(tool))
    parts = conninfo_to_dict(url)
    env = {VARIABLES[name]: str(value) for name, value in parts.items() if name in VARIABLES and value}
    os.execve(path, [path, *arguments], {**os.environ, **env})  # noqa: S606 - becomes the tool; no shell
