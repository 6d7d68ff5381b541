"""`kontor refunds`: the gateways' own lists against our ledger."""

import click

from webapp.commands.context import BY_COMMAND, fail, print_rows, with_app
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.operations import create
from webapp.orders.service.refunds.reconcile import DAYS, nightly, open_breaks, reconciliation_of
from webapp.orders.service.refunds.restored import look_before_sending

COLUMNS = ("id", "gateway", "kind", "subject", "our_amount", "their_amount", "order_id", "found_at")


@click.group()
def refunds() -> None:
    """Refunds as the gateways list them."""


@refunds.command()
@click.option("--gateway", "names", multiple=True, help="Only this account; may be repeated.")
@click.option(
    "--days", default=DAYS, show_default=True, type=click.IntRange(1, 365), help="How far back to look."
)
@with_app
def reconcile(names: tuple[str, ...], days: int) -> None:
    """Compare the gateways' lists of the last days with our ledger, by a worker."""
    with unit_of_work() as session:
        known = [str(wanted.args["gateway"]) for wanted in nightly(session, utc_now())]
        unknown = set(names) - set(known)
        if unknown:
            raise fail(
                f"No active payment account that pays by itself is called {', '.join(sorted(unknown))}."
            )
        for name in names or known:
            operation, is_new = create(session, reconciliation_of(name, days=days))
            word = "is waiting for a worker" if is_new else "is under way already"
            click.echo(f"{name}: operation {operation.id} {word}.")


@refunds.command("after-restore")
@with_app
def after_restore() -> None:
    """Look for every open refund at its gateway before it is sent. For a restored backup, before any worker starts."""
    with unit_of_work() as session:
        marked = look_before_sending(session, BY_COMMAND)
    click.echo(f"{marked:,} open refund{'' if marked == 1 else 's'} will be looked for before being sent.")


@refunds.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_app
def breaks(as_json: bool) -> None:
    """Differences that nobody has closed yet; exit status 1 when there are any."""
    rows = [{name: getattr(each, name) for name in COLUMNS} for each in open_breaks(db.session())]
    print_rows(rows, COLUMNS, as_json=as_json)
    if rows:
        raise click.exceptions.Exit(1)
