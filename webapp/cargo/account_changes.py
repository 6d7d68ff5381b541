"""Accounts at carriers as staff change them: by version, audited, switched on and off, and tested."""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.cargo.accounts import checked_address
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.operations import NewOperation, Operation, Queue, create
from webapp.core.overtaken import overtaken
from webapp.core.secrets import current_vault
from webapp.core.settings import Settings
from webapp.core.text import N_

CHECK_KIND: Final = "cargo.check"
GONE: Final = N_("This carrier is not connected.")
_MOVED: Final = N_("Another host does not get the stored key: enter it again.")


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What was typed. An empty key keeps the stored one, unless the address has another host."""

    version: int
    base_url: str
    api_key: str = field(default="", repr=False)


def change_account(
    session: Session, company_id: int, change: AccountChange, context: AuditContext, *, settings: Settings
) -> CargoAccount:
    """Change how a carrier is reached; the last test no longer counts. Raises NotFound, InvalidInput, Conflict."""
    account = locked_account(session, company_id)
    if account.version != change.version:
        raise overtaken(
            session,
            ("cargo_company", company_id),
            N_("%(who)s changed this account while you were editing it. Look at it, and save again."),
            tag="carrier.",
        )
    url, key = checked_address(change.base_url, settings), change.api_key.strip()
    if not key and _host(url) != _host(account.base_url):
        raise InvalidInput(_MOVED, fields={"api_key": [_MOVED]})
    changes: dict[str, Any] = {}
    if url != account.base_url:
        changes["base_url"] = [account.base_url, url]
        account.base_url = url
    if key and key != current_vault().decrypt_fields(account.credentials).get("api_key"):
        # That it changed, never what it is.
        changes["credentials"] = [None, ["api_key"]]
        account.credentials = current_vault().encrypt_fields({"api_key": key})
    if changes:
        account.version += 1
        account.checked_at, account.check_error = None, ""
        record(session, context, "carrier.changed", subject=("cargo_company", company_id), changes=changes)
    return account


def switch_account(session: Session, company_id: int, context: AuditContext, *, on: bool) -> CargoAccount:
    """Ask this carrier again, or no more; what waits for it is then refused, and raised. Raises NotFound, Conflict."""
    account = locked_account(session, company_id)
    tag = "carrier.switched_on" if on else "carrier.disconnected"
    if account.is_active is on:
        template = (
            N_("%(who)s has switched it on already.") if on else N_("%(who)s has switched it off already.")
        )
        raise overtaken(session, ("cargo_company", company_id), template, tag=tag, code="already_switched")
    account.is_active = on
    account.version += 1
    changes = {"is_active": [not on, on]}
    record(session, context, tag, subject=("cargo_company", company_id), changes=changes)
    return account


def ask_check(session: Session, company_id: int, context: AuditContext) -> Operation:
    """Find out whether the carrier takes our key; a second click joins the test that runs. Raises NotFound."""
    if session.scalars(_of(company_id)).one_or_none() is None:
        raise NotFound(GONE)
    operation, _ = create(
        session,
        NewOperation(
            kind=CHECK_KIND,
            queue=Queue.FILES,
            dedupe_key=f"carrier:{company_id}",
            args={"cargo_company_id": company_id},
            requested_by_id=context.staff_id,
            request_id=context.request_id,
            max_attempts=1,
        ),
    )
    return operation


def refuse_second(session: Session, slug: str) -> None:
    """Raises Conflict for a carrier that somebody has connected meanwhile, so that a form does not replace its key."""
    query = (
        select(CargoAccount.cargo_company_id)
        .join(CargoCompany, CargoCompany.id == CargoAccount.cargo_company_id)
        .where(CargoCompany.slug == slug)
    )
    company_id = session.scalars(query).one_or_none()
    if company_id is not None:
        raise overtaken(
            session,
            ("cargo_company", company_id),
            N_("%(who)s has connected this carrier already. Open its account to change it."),
            tag="carrier.connected",
            code="already_connected",
        )


def locked_account(session: Session, company_id: int) -> CargoAccount:
    """The account, while nobody else changes it. Raises NotFound."""
    query = _of(company_id).with_for_update().execution_options(populate_existing=True)
    account = session.scalars(query).one_or_none()
    if account is None:
        raise NotFound(GONE)
    return account


def _of(company_id: int) -> Select[CargoAccount]:
    return select(CargoAccount).where(CargoAccount.cargo_company_id == company_id)


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
