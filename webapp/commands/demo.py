"""`kontor demo load`: connect the sandbox's shop, bank and carrier, so that there is something to see and to break."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.roles import Role
from webapp.cargo.accounts import connect_carrier
from webapp.cargo.carriers import BY_SLUG, ensure_carriers
from webapp.channels.inputs import ChangeChannel, NewChannel
from webapp.channels.models import Channel
from webapp.channels.reference import MAPPING
from webapp.channels.service import ChannelService
from webapp.commands.context import BY_COMMAND, current_settings, with_app
from webapp.core import reference
from webapp.core.db import unit_of_work
from webapp.orders.service.approval_limits import set_approval_limits
from webapp.payments.account_setup import ChangeAccount, NewAccount, change_account, new_account
from webapp.payments.models import GatewayAccount

SHOP = "Sandbox shop"
# The sandbox's own, known to everybody; they open nothing else.
CREDENTIALS = {"consumer_key": "ck_sandbox", "consumer_secret": "cs_sandbox"}
CARRIER_KEY = "parcel_sandbox"
PULL_MINUTES = 1
LIMITS: Final = {
    **dict.fromkeys(("EUR", "GBP", "USD"), "1000.00"),
    **dict.fromkeys(("AED", "SAR", "PLN"), "4000.00"),
    "TRY": "50000.00",
    "KWD": "300.000",
    "JPY": "150000",
}


@dataclass(frozen=True)
class DemoAccount:
    """One of the sandbox bank's two doors; the shop's payment method has the name of its type."""

    name: str
    gateway_type: str
    path: str
    secrets: Mapping[str, str]


ACCOUNTS: Final = (
    DemoAccount("sandbox-stripe", "stripe", "/v1", {"secret_key": "sk_test_sandbox"}),
    DemoAccount(
        "sandbox-iyzico", "iyzico", "", {"api_key": "sandbox-api-key", "secret_key": "sandbox-secret-key"}
    ),
)


@click.group()
def demo() -> None:
    """The sandbox to try things with, and to break."""


@demo.command()
@click.option("--shop-url", help="Where the sandbox shop listens; the port after PORT if not given.")
@click.option("--bank-url", help="Where the sandbox bank listens; the second port after PORT if not given.")
@click.option(
    "--carrier-url", help="Where the sandbox carrier listens; the third port after PORT if not given."
)
@with_app
def load(shop_url: str | None, bank_url: str | None, carrier_url: str | None) -> None:
    """Connect the sandbox's bank, carrier and shop and start the first pull; doing it again changes nothing."""
    port = current_settings().port
    shop, bank = shop_url or f"http://127.0.0.1:{port + 1}", bank_url or f"http://127.0.0.1:{port + 2}"
    carrier = carrier_url or f"http://127.0.0.1:{port + 3}"
    with unit_of_work() as session:
        for account in ACCOUNTS:
            _connect_bank(session, account, bank)
        _connect_carriers(session, carrier)
        _connect_shop(session, shop)
    click.echo(f"{SHOP}: {shop}\nSandbox bank: {bank}\nSandbox carrier: {carrier}")


def _connect_bank(session: Session, given: DemoAccount, bank: str) -> None:
    address = f"{bank}{given.path}"
    account = session.scalars(select(GatewayAccount).where(GatewayAccount.name == given.name)).one_or_none()
    if account is None:
        new_account(session, NewAccount(given.name, given.gateway_type, address, given.secrets), BY_COMMAND)
    elif account.base_url != address:
        change = ChangeAccount(account.version, address, given.secrets)
        change_account(session, account.name, change, BY_COMMAND)


def _connect_carriers(session: Session, url: str) -> None:
    """The sandbox's one carrier stands for every carrier that the demo's orders name."""
    ensure_carriers(session)
    for slug in sorted(BY_SLUG):
        connect_carrier(session, slug, url, CARRIER_KEY, BY_COMMAND, settings=current_settings())


def _connect_shop(session: Session, url: str) -> None:
    service = ChannelService()
    channel = session.scalars(select(Channel).where(Channel.name == SHOP)).one_or_none()
    if channel is None:
        new = NewChannel(SHOP, "woocommerce", url, CREDENTIALS, pull_minutes=PULL_MINUTES)
        channel = service.create_channel(session, new, BY_COMMAND)
        session.flush()
        for account in ACCOUNTS:
            _map_payments(session, channel.id, account)
        _set_limits(session)
        service.pull(session, channel.id, BY_COMMAND)
    elif channel.base_url != url:
        change = ChangeChannel(channel.version, base_url=url, credentials=CREDENTIALS)
        service.update_channel(session, channel.id, change, BY_COMMAND)


def _map_payments(session: Session, channel_id: int, account: DemoAccount) -> None:
    """Card payments of the sandbox shop lie at our own account, so refunds can be watched from end to end."""
    conf = {"tender": "card", "holder": "us", "gateway": account.name}
    words = {"kind": "payment_method", "remote_value": account.gateway_type, "local_value": "credit_card"}
    reference.create(session, BY_COMMAND, MAPPING, {"channel_id": channel_id, "conf": conf, **words})


def _set_limits(session: Session) -> None:
    """One person tries the demo: the administrator may approve alone, up to these amounts."""
    for currency, amount in LIMITS.items():
        set_approval_limits(session, BY_COMMAND, currency, {Role.ADMINISTRATOR: amount})
