"""`kontor verify`: prove that the money and the statuses of the whole database add up."""

import json

import click

from webapp.commands.context import current_settings, with_app
from webapp.core.db import db
from webapp.verification import verify as findings_of


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding and line.")
@with_app
def verify(as_json: bool) -> None:
    """Read every order and report what does not add up; exit status 0 only if nothing is found."""
    found = 0
    # A worker that misses two sweeps after its lease has nobody who looks for it.
    stuck_after_s = 2 * current_settings().timing.sweep_s
    with db.engine.connect() as connection:
        for finding in findings_of(connection, stuck_after_s=stuck_after_s, progress=_progress):
            found += 1
            line = json.dumps(finding.as_row(), ensure_ascii=False)
            click.echo(line if as_json else f"{finding.check}: {finding.subject}: {finding.words}")
    if found:
        raise click.exceptions.Exit(_said(found))
    click.echo("Everything adds up.", err=True)


def _progress(done: int, last: int) -> None:
    click.echo(f"Orders read: {done:,} of about {last:,}", err=True)


def _said(found: int) -> int:
    click.echo(f"{found:,} finding{'' if found == 1 else 's'}.", err=True)
    return 1
