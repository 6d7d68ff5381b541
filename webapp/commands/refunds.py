"""`kontor refunds`: the gateways' own lists against our ledger."""

import click

from webapp.commands.context import fail, print_rows, with_app
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.operations import create
from webapp.orders.service.refunds.reconcile import nightly, open_breaks, reconciliation_of

COLUMNS = ("id", "gateway", "kind", "subject", "our_amount", "their_amount", "order_id", "found_at")


@click.group()
def refunds() -> None:
    """Refunds as the gateways list them."""


@refunds.command()
@click.option("--gateway", "names", multiple=True, help="Only this account; may be repeated.")
@with_app
def reconcile(names: tuple[str, ...]) -> None:
    """Compare the gateways' lists of the last days with our ledger, by a worker."""
    with unit_of_work() as session:
        known = [str(wanted.args["gateway"]) for wanted in nightly(session, utc_now())]
        unknown = set(names) - set(known)
        if unknown:
            raise fail(
                f"No active payment account that pays by itself is called {', '.join(sorted(unknown))}."
            )
        for name in names or known:
            operation, is_new = create(session, reconciliation_of(name))
            word = "is waiting for a worker" if is_new else "is under way already"
            click.echo(f"{name}: operation {operation.id} {word}.")


@refunds.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@with_app
def breaks(as_json: bool) -> None:
    """Differences that nobody has closed yet; exit status 1 when there are any."""
    rows = [{name: getattr(each, name) for name in COLUMNS} for each in open_breaks(db.session())]
    print_rows(rows, COLUMNS, as_json=as_json)
    if rows:
        raise click.exceptions.Exit(1)
