"""`kontor migrate`: bring the database to this version's schema."""

import click

from webapp.commands.context import current_settings
from webapp.core.migrate import downgrade, head, is_current, upgrade


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the schema is current; exit status 1 if not.")
@click.option("--down-to", metavar="REVISION", help='Go back to a revision ("base" drops every table).')
def migrate(check: bool, down_to: str | None) -> None:
    """Apply the migrations that the database lacks."""
    settings = current_settings()
    url = settings.migration_database_url or settings.sqlalchemy_url
    if down_to:
        downgrade(url, down_to)
        click.echo(f"The database is at revision {down_to}.")
        return
    if check:
        if not is_current(url):
            raise click.ClickException(
                f"The database is behind this version ({head()}): run `kontor migrate`."
            )
        click.echo(f"The database is at revision {head()}.")
        return
    upgrade(url)
    click.echo(f"The database is at revision {head()}.")
