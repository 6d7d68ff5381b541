"""Gateways made from the accounts that are set up here; the composition root adds the channels."""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.errors import PaymentError
from webapp.core.http import HttpClient
from webapp.core.reach import Reach
from webapp.core.secrets import Vault
from webapp.core.settings import Settings
from webapp.payments.gateway import Gateway
from webapp.payments.gateways.iyzico import PROCESSING_DELAY_S, IyzicoGateway
from webapp.payments.gateways.stripe import StripeGateway
from webapp.payments.models import GatewayAccount

# (account, its credentials, a client for its calls) → the gateway.
Maker = Callable[[GatewayAccount, Mapping[str, str], HttpClient], Gateway]


def _stripe(account: GatewayAccount, credentials: Mapping[str, str], http: HttpClient) -> Gateway:
    return StripeGateway(
        account.name, http=http, base_url=account.base_url, secret_key=credentials.get("secret_key", "")
    )


def _iyzico(account: GatewayAccount, credentials: Mapping[str, str], http: HttpClient) -> Gateway:
    return IyzicoGateway(
        account.name,
        http=http,
        base_url=account.base_url,
        api_key=credentials.get("api_key", ""),
        secret_key=credentials.get("secret_key", ""),
        processing_delay_s=float(account.conf.get("processing_delay_s") or PROCESSING_DELAY_S),
    )


# Account type → how its gateway is made: an explicit list, no scanning.
MAKERS: Final[Mapping[str, Maker]] = {"stripe": _stripe, "iyzico": _iyzico}


def make_gateway(session: Session, name: str, settings: Settings) -> Gateway:
    """The gateway of that account. Raises PaymentError where there is none that pays by itself."""
    account = session.scalars(select(GatewayAccount).where(GatewayAccount.name == name)).one_or_none()
    if account is None or not account.is_active:
        raise PaymentError(f"There is no active payment account “{name}”. Set it up again, then retry.")
    maker = MAKERS.get(account.gateway_type)
    if maker is None:
        raise PaymentError(f"“{account.gateway_type}” does not pay back by itself.", permanent=True)
    http = HttpClient(
        f"gateway:{name}", reach=Reach(allow_private=settings.allow_private_network), timing=settings.timing
    )
    return maker(account, Vault(settings.credential_keys).decrypt_fields(account.credentials), http)
