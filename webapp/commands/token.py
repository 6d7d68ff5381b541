"""`kontor token`: API tokens, for whoever sets programs up."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth import service, tokens
from webapp.auth.models import ApiToken
from webapp.auth.roles import FOR_VENDORS, ROLE_PERMISSIONS, Permission, Role
from webapp.channels.models import Channel, DataSource
from webapp.commands.context import BY_COMMAND, print_rows, with_app
from webapp.core.db import db, unit_of_work
from webapp.core.errors import NotFound


@click.group()
def token() -> None:
    """API tokens: create, list, revoke."""


@token.command()
@click.argument("email")
@click.option("--name", required=True, help="What the program is called, for the list and the audit log.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice([permission.value for permission in Permission]),
    help="What it may do (repeat it). Without it: all that its owner may.",
)
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Only these channels (repeat it).")
@click.option(
    "--vendor",
    metavar="SLUG",
    help="Stands for this vendor (a data source), with vendor_orders.answer alone.",
)
@click.option("--requests-per-minute", default=tokens.USUAL_REQUESTS, show_default=True, type=int)
@click.option("--days", type=int, help="Valid so long. Without it: until it is revoked.")
@with_app
def create(
    email: str,
    name: str,
    permissions: tuple[str, ...],
    channels: tuple[str, ...],
    vendor: str | None,
    requests_per_minute: int,
    days: int | None,
) -> None:
    """Create a token of the member of staff with this address. It is printed once and kept nowhere."""
    with unit_of_work() as session:
        staff = service.find_staff(session, email)
        all_of_it = FOR_VENDORS if vendor else ROLE_PERMISSIONS[Role(staff.role)]
        wanted = frozenset(map(Permission, permissions)) or all_of_it
        source = _data_source_id(session, vendor) if vendor else None
        named = _channel_ids(session, channels) if channels else None
        new = tokens.NewToken(name, wanted, named, requests_per_minute, days, source)
        secret, token_id = tokens.create_token(session, BY_COMMAND, staff.id, new)
    click.echo(f"Token {token_id} of {email}, shown only now: {secret}")


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@with_app
def list_tokens(as_json: bool) -> None:
    """List every token: whose, what it may, when it was used last."""
    names = {row.id: row.name for row in db.session.execute(select(Channel.id, Channel.name))}
    rows = [_described(each, names) for each in tokens.tokens(db.session())]
    columns = ("id", "name", "prefix", "staff", "channels", "permissions", "last_used_at", "expires_at")
    print_rows(rows, (*columns, "revoked_at"), as_json=as_json)


@token.command()
@click.argument("token_id", type=int)
@with_app
def revoke(token_id: int) -> None:
    """End a token at once."""
    with unit_of_work() as session:
        ended = tokens.revoke_token(session, BY_COMMAND, token_id)
    click.echo(f"Token {token_id} is revoked." if ended else f"Token {token_id} was revoked already.")


def _data_source_id(session: Session, slug: str) -> int:
    found = session.scalar(select(DataSource.id).where(DataSource.slug == slug))
    if found is None:
        raise NotFound(f"There is no data source {slug!r}. The page of data sources shows them.")
    return found


def _described(row: ApiToken, names: dict[int, str]) -> dict[str, object]:
    channels = (
        "all" if row.channel_ids is None else sorted(names.get(key, str(key)) for key in row.channel_ids)
    )
    return {
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "staff": row.staff.email,
        "channels": channels,
        "vendor": row.data_source_id,
        "permissions": row.permissions,
        "requests_per_minute": row.requests_per_minute,
        **{name: _text(row, name) for name in ("last_used_at", "expires_at", "revoked_at")},
    }


def _text(row: ApiToken, name: str) -> str | None:
    at = getattr(row, name)
    return at.isoformat() if at else None


def _channel_ids(session: Session, names: tuple[str, ...]) -> frozenset[int]:
    rows = session.execute(select(Channel.name, Channel.id).where(Channel.name.in_(names)))
    found = {row.name: row.id for row in rows}
    missing = [name for name in names if name not in found]
    if missing:
        raise NotFound(f"There is no channel {missing[0]!r}. `kontor channel list` shows them.")
    return frozenset(found.values())
