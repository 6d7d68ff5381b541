"""Accounts at carriers: connected by staff, the key encrypted and never shown again, made into what can be asked."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.cargo.carrier import Carrier, CarrierNotConnected
from webapp.cargo.carriers import carrier_slugs
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.cargo.parcel_api import ParcelApi
from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.http import HttpClient
from webapp.core.reach import AddressRefused, Reach
from webapp.core.secrets import Vault, current_vault
from webapp.core.sentences import said
from webapp.core.settings import Settings
from webapp.core.text import N_

PARCEL_API: Final = "parcel_api"
ROTATED_AT_ONCE: Final = 100
ACCOUNT_TYPES: Final = frozenset({PARCEL_API})


def connect_carrier(
    session: Session, slug: str, base_url: str, api_key: str, context: AuditContext, *, settings: Settings
) -> CargoAccount:
    """Connect a carrier that staff keep, or change how it is reached; the same again changes nothing.

    Raises NotFound for a carrier that is not there, and InvalidInput for an address that may not be called.
    """
    company = session.scalars(select(CargoCompany).where(CargoCompany.slug == slug)).one_or_none()
    if company is None:
        raise NotFound(
            said(
                N_("There is no carrier “%(slug)s”. Known are: %(known)s."),
                slug=slug,
                known=carrier_slugs(session),
            )
        )
    url = checked_address(base_url, settings)
    if not api_key.strip():
        raise InvalidInput(N_("Enter the key."), fields={"api_key": [N_("Enter the key.")]})
    query = select(CargoAccount).where(CargoAccount.cargo_company_id == company.id).with_for_update()
    account = session.scalars(query).one_or_none()
    if (
        account is not None
        and (account.base_url, account.is_active) == (url, True)
        and _key(account) == api_key
    ):
        return account
    before = account.base_url if account is not None else None
    if account is None:
        account = CargoAccount(cargo_company_id=company.id, account_type=PARCEL_API, base_url=url)
        session.add(account)
    else:
        account.version += 1
    account.base_url, account.is_active = url, True
    account.checked_at, account.check_error = None, ""
    account.credentials = current_vault().encrypt_fields({"api_key": api_key})
    changes = {"base_url": [before, url], "credentials": [None, ["api_key"]]}
    record(session, context, "carrier.connected", subject=("cargo_company", company.id), changes=changes)
    session.flush()
    return account


def disconnect_carrier(session: Session, slug: str, context: AuditContext) -> None:
    """Ask this carrier no more. Raises NotFound when it is not connected."""
    query = (
        select(CargoAccount)
        .join(CargoCompany, CargoCompany.id == CargoAccount.cargo_company_id)
        .where(CargoCompany.slug == slug, CargoAccount.is_active)
        .with_for_update(of=CargoAccount)
    )
    account = session.scalars(query).one_or_none()
    if account is None:
        raise NotFound(said(N_("“%(slug)s” is not connected."), slug=slug))
    account.is_active = False
    account.version += 1
    subject = ("cargo_company", account.cargo_company_id)
    record(session, context, "carrier.disconnected", subject=subject, changes={"is_active": [True, False]})


def make_carrier(session: Session, cargo_company_id: int, settings: Settings) -> Carrier:
    """The carrier as it can be asked. Raises CarrierNotConnected."""
    company = session.get_one(CargoCompany, cargo_company_id)
    query = select(CargoAccount).where(CargoAccount.cargo_company_id == cargo_company_id)
    account = session.scalars(query).one_or_none()
    if account is None or not account.is_active or account.account_type not in ACCOUNT_TYPES:
        raise CarrierNotConnected(company.name)
    return client_of(company, account, settings)


def client_of(company: CargoCompany, account: CargoAccount, settings: Settings) -> Carrier:
    """This account as it can be asked, also while it is switched off."""
    http = HttpClient(
        f"carrier:{company.slug}",
        reach=Reach(allow_private=settings.allow_private_network),
        timing=settings.timing,
    )
    fields = Vault(settings.credential_keys).decrypt_fields(account.credentials)
    return ParcelApi(company.slug, http=http, base_url=account.base_url, api_key=fields.get("api_key", ""))


def connected(session: Session, cargo_company_ids: set[int]) -> set[int]:
    """Those of these cargo companies that can be asked from here."""
    query = select(CargoAccount.cargo_company_id).where(
        CargoAccount.cargo_company_id.in_(cargo_company_ids), CargoAccount.is_active
    )
    return set(session.scalars(query)) if cargo_company_ids else set()


def rotate_carrier_secrets(session: Session, after_id: int = 0) -> tuple[int, int]:
    """Encrypt the next accounts' keys with the newest key; (how many, the last id or 0 at the end)."""
    vault = current_vault()
    query = select(CargoAccount).where(CargoAccount.id > after_id).order_by(CargoAccount.id)
    accounts = list(session.scalars(query.limit(ROTATED_AT_ONCE).with_for_update()))
    for account in accounts:
        account.credentials = vault.rotate(account.credentials)
    return len(accounts), accounts[-1].id if len(accounts) == ROTATED_AT_ONCE else 0


def _key(account: CargoAccount) -> str:
    return current_vault().decrypt_fields(account.credentials).get("api_key", "")


def checked_address(base_url: str, settings: Settings) -> str:
    """The address without a slash at its end. Raises InvalidInput for one that may not be called."""
    url = base_url.strip().rstrip("/")
    try:
        parts = Reach(allow_private=settings.allow_private_network).check_url(url)
    except AddressRefused as refused:
        raise InvalidInput(refused.message, fields={"base_url": [refused.message]}) from None
    if parts.query or parts.fragment:
        words = N_("Write the address without a question mark or a hash.")
        raise InvalidInput(words, fields={"base_url": [words]})
    return url
