"""Setting payment accounts up: checked, audited, secrets encrypted and never shown again."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.hints import current_hints
from webapp.core.operations import Queue, hint_after_commit
from webapp.core.reach import AddressRefused, Reach
from webapp.core.secrets import current_vault
from webapp.core.sentences import mid_sentence, one_after_another, said
from webapp.core.text import N_
from webapp.payments.account_types import AccountType, account_type
from webapp.payments.models import GatewayAccount

# What transactions, mappings and URLs carry; "channel:3" and the like can never be meant.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
ROTATED_AT_ONCE: Final = 100

# Refunds that stood still because nobody could get through are looked at at once.
_WAKE: Final = text(
    "UPDATE operation SET next_run_at = clock_timestamp() WHERE kind = 'refund.run' AND state = 'ready'"
    " AND args ->> 'gateway' = :gateway"
)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What staff enter for a new account: `values` are the fields of its type by name, secrets among them."""

    name: str
    gateway_type: str
    base_url: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeAccount:
    """What is to be changed; None leaves it. `version` is the one the form was opened with."""

    version: int
    base_url: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    is_active: bool | None = None


def new_account(session: Session, new: NewAccount, context: AuditContext) -> GatewayAccount:
    """A new account. Raises InvalidInput with sentences for the fields."""
    if not _NAME.fullmatch(new.name):
        raise _refuse("name", N_("Write a short name of small letters, digits, - and _, such as stripe-eu."))
    kind = account_type(new.gateway_type)
    values = _checked(kind, {}, new.values)
    account = GatewayAccount(
        name=new.name, gateway_type=kind.slug, base_url=_base_url(kind, new.base_url), conf={}
    )
    _keep(account, kind, values)
    try:
        with session.begin_nested():
            session.add(account)
            session.flush()
    except IntegrityError as error:
        raise _refuse("name", N_("Another payment account has this name.")) from error
    changes = {"gateway_type": [None, kind.slug], "base_url": [None, account.base_url]}
    record(
        session,
        context,
        "gateway.created",
        subject=("gateway", account.name),
        changes={**changes, **_named({}, values, kind)},
    )
    return account


def change_account(
    session: Session, name: str, change: ChangeAccount, context: AuditContext
) -> GatewayAccount:
    """Change an account; it is no longer paused then. Raises NotFound, InvalidInput, Conflict."""
    account = _locked(session, name)
    if account.version != change.version:
        raise Conflict(f"{name} was changed by somebody else meanwhile. Look at it again.")
    kind = account_type(account.gateway_type)
    old = values_of(account)
    base_url = account.base_url if change.base_url is None else _base_url(kind, change.base_url)
    moved = _host(base_url) != _host(account.base_url)
    kept = {key: value for key, value in old.items() if not (moved and key in kind.secrets)}
    values = _checked(kind, kept, change.values)
    changes: dict[str, Any] = _named(old, values, kind)
    if base_url != account.base_url:
        changes["base_url"] = [account.base_url, base_url]
    if change.is_active not in (None, account.is_active):
        changes["is_active"] = [account.is_active, change.is_active]
        account.is_active = bool(change.is_active)
    if not changes:
        return account
    account.base_url = base_url
    account.version += 1
    _keep(account, kind, values)
    record(session, context, "gateway.changed", subject=("gateway", name), changes=changes)
    if account.paused_because is not None:
        resume_account(session, name, context)
    return account


def resume_account(session: Session, name: str, context: AuditContext) -> GatewayAccount:
    """Let refunds go out again over an account that was paused. Raises NotFound, Conflict when it was not."""
    account = _locked(session, name)
    if account.paused_because is None:
        raise Conflict(f"{name} is not paused.")
    changes = {"paused_because": [account.paused_because, None]}
    account.paused_because = None
    account.version += 1
    session.execute(_WAKE, {"gateway": name})
    hint_after_commit(session, Queue.MONEY)
    record(session, context, "gateway.resumed", subject=("gateway", name), changes=changes)
    return account


def list_accounts(session: Session) -> list[GatewayAccount]:
    """All accounts by name; their secrets stay where they are."""
    return list(session.scalars(select(GatewayAccount).order_by(GatewayAccount.name)))


def rotate_account_secrets(session: Session, after_id: int = 0) -> tuple[int, int]:
    """Encrypt the next accounts' secrets with the newest key; (how many, the last id or 0 at the end)."""
    vault = current_vault()
    query = select(GatewayAccount).where(GatewayAccount.id > after_id).order_by(GatewayAccount.id)
    accounts = list(session.scalars(query.limit(ROTATED_AT_ONCE).with_for_update()))
    for account in accounts:
        account.credentials = vault.rotate(account.credentials)
    return len(accounts), accounts[-1].id if len(accounts) == ROTATED_AT_ONCE else 0


def values_of(account: GatewayAccount) -> dict[str, str]:
    """Everything that was entered for it, secrets in the clear: for whoever calls the gateway, never for a page."""
    settings = {str(name): str(value) for name, value in account.conf.items()}
    return {**settings, **current_vault().decrypt_fields(account.credentials)}


def _locked(session: Session, name: str) -> GatewayAccount:
    query = select(GatewayAccount).where(GatewayAccount.name == name).with_for_update()
    account = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if account is None:
        raise NotFound(said(N_("There is no payment account “%(name)s”."), name=name))
    return account


def _checked(kind: AccountType, old: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The values after a change. Raises InvalidInput for an unknown, a missing or a wrong one."""
    known = {each.name for each in kind.fields}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise InvalidInput(
            said(
                N_("%(label)s has no %(unknown)s; it has %(known)s."),
                label=kind.label,
                unknown=", ".join(unknown),
                known=", ".join(sorted(known)),
            ),
            fields={name: [N_("There is no such field.")] for name in unknown},
        )
    values = dict(old)
    wrong: dict[str, list[str]] = {}
    for each in kind.fields:
        text_given = given.get(each.name, values.get(each.name, "")).strip()
        try:
            values[each.name] = each.check(text_given)
            if each.is_required and not text_given:
                wrong[each.name] = [said(N_("Enter the %(field)s."), field=mid_sentence(each.label))]
        except InvalidInput as refused:
            wrong[each.name] = [refused.message]
    if wrong:
        raise InvalidInput(one_after_another(sentence for (sentence,) in wrong.values()), fields=wrong)
    return {name: value for name, value in values.items() if value}


def _keep(account: GatewayAccount, kind: AccountType, values: Mapping[str, str]) -> None:
    secrets = {name: value for name, value in values.items() if name in kind.secrets}
    account.credentials = current_vault().encrypt_fields(secrets)
    account.conf = {name: value for name, value in values.items() if name not in kind.secrets}


def _named(old: Mapping[str, str], new: Mapping[str, str], kind: AccountType) -> dict[str, Any]:
    """What changed: settings with their values, secrets by name alone."""
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    settings: dict[str, Any] = {
        name: [old.get(name), new.get(name)] for name in changed if name not in kind.secrets
    }
    secrets = [name for name in changed if name in kind.secrets]
    return {**settings, "credentials": [None, secrets]} if secrets else settings


def _base_url(kind: AccountType, given: str) -> str:
    """The gateway's address without a slash at its end; its host is judged again at every call."""
    url = given.strip().rstrip("/") or kind.base_url
    if not url:
        return ""
    try:
        parts = Reach(allow_private=current_hints().settings.allow_private_network).check_url(url)
    except AddressRefused as refused:
        raise _refuse("base_url", refused.message) from None
    if parts.query or parts.fragment:
        raise _refuse("base_url", N_("Write the address without a question mark or a hash."))
    return url


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _refuse(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={name: [sentence]})
