"""Creating and changing channels: checked, audited, credentials encrypted and never shown again."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.channels.base import ChannelType
from webapp.channels.inputs import ChangeChannel, NewChannel
from webapp.channels.models import Channel
from webapp.channels.registry import channel_type
from webapp.core.audit import AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.hints import current_hints
from webapp.core.overtaken import overtaken
from webapp.core.reach import AddressRefused, Reach
from webapp.core.secrets import current_vault
from webapp.core.sentences import enumeration, mid_sentence, said
from webapp.core.text import N_
from webapp.orders.enums import AddressOwnership

ROTATED_AT_ONCE = 100
LONGEST_NAME = 120
# A day and a week: a schedule that is rarer is one nobody watches.
MOST_MINUTES = {"pull_minutes": 1440, "reread_minutes": 10080}
MOST_REQUESTS_PER_MINUTE = 6000


def new_channel(session: Session, new: NewChannel, context: AuditContext) -> Channel:
    """Create a channel. Raises InvalidInput with sentences for the fields."""
    kind = channel_type(new.channel_type)
    values = {
        "name": _name(new.name),
        "base_url": _base_url(new.base_url),
        "pull_minutes": _minutes("pull_minutes", new.pull_minutes),
        "reread_minutes": _minutes("reread_minutes", new.reread_minutes),
        "requests_per_minute": _requests(new.requests_per_minute),
        "address_ownership": _ownership(new.address_ownership),
        "conf": _conf(kind, new.conf),
        "is_active": new.is_active,
    }
    credentials = _credentials(kind, {}, new.credentials)
    channel = Channel(
        channel_type=kind.slug,
        data_source_id=new.data_source_id,
        price_list_id=new.price_list_id,
        stock_list_id=new.stock_list_id,
        credentials=current_vault().encrypt_fields(credentials),
        **values,
    )
    _write(session, channel)
    changes = {name: [None, value] for name, value in {**values, "channel_type": kind.slug}.items()}
    changes["credentials"] = [[], sorted(credentials)]
    record(session, context, "channel.created", subject=("channel", channel.id), changes=changes)
    return channel


def changed_channel(
    session: Session, channel_id: int, change: ChangeChannel, context: AuditContext
) -> Channel:
    """Change a channel. Raises NotFound, InvalidInput, Conflict."""
    channel = session.get(Channel, channel_id, with_for_update=True)
    if channel is None:
        raise NotFound(N_("There is no such channel."))
    if channel.version != change.version:
        template = N_(
            "%(who)s changed this channel while you were editing it. Your values are still here: look at them and save again."
        )
        raise overtaken(session, ("channel", channel_id), template, tag="channel.changed")
    kind = channel_type(channel.channel_type)
    changes = _change_values(channel, _wanted(kind, channel, change))
    if change.credentials or "base_url" in changes:
        _change_credentials(channel, kind, change, changes)
    if not changes:
        return channel
    channel.version += 1
    channel.modified_at = utc_now()
    _write(session, channel)
    record(session, context, "channel.changed", subject=("channel", channel.id), changes=changes)
    return channel


def rotate_secrets(session: Session, after_id: int) -> tuple[int, int]:
    """Encrypt the next channels' secrets with the newest key; (how many, the last id or 0 at the end)."""
    vault = current_vault()
    query = select(Channel).where(Channel.id > after_id).order_by(Channel.id).limit(ROTATED_AT_ONCE)
    channels = list(session.scalars(query.with_for_update()))
    for channel in channels:
        channel.credentials = vault.rotate(channel.credentials)
        channel.auth_token = vault.rotate(channel.auth_token)
    return len(channels), channels[-1].id if len(channels) == ROTATED_AT_ONCE else 0


def _wanted(kind: ChannelType, channel: Channel, change: ChangeChannel) -> dict[str, Any]:
    """The checked new values of what is to be changed."""
    checks: dict[str, Any] = {
        "name": _name,
        "base_url": _base_url,
        "pull_minutes": lambda value: _minutes("pull_minutes", value),
        "reread_minutes": lambda value: _minutes("reread_minutes", value),
        "requests_per_minute": _requests,
        "address_ownership": _ownership,
        # A setting that is given empty goes back to its default.
        "conf": lambda value: {
            **{name: kept for name, kept in channel.conf.items() if name not in value},
            **_conf(kind, value),
        },
        "is_active": bool,
    }
    given = {name: getattr(change, name) for name in checks}
    return {name: checks[name](value) for name, value in given.items() if value is not None}


def _change_values(channel: Channel, wanted: Mapping[str, Any]) -> dict[str, list[Any]]:
    changes = {}
    for name, value in wanted.items():
        old = getattr(channel, name)
        if old != value:
            changes[name] = [old, value]
            setattr(channel, name, value)
    return changes


def _change_credentials(
    channel: Channel, kind: ChannelType, change: ChangeChannel, changes: dict[str, list[Any]]
) -> None:
    """Put the given credentials beside the old ones; another host gets none of the old ones."""
    vault = current_vault()
    old = vault.decrypt_fields(channel.credentials)
    moved = "base_url" in changes and _host(changes["base_url"][0]) != _host(changes["base_url"][1])
    kept = {} if moved else old
    try:
        new = _credentials(kind, kept, change.credentials)
    except InvalidInput as missing:
        if not moved:
            raise
        raise InvalidInput(
            N_("Another host gets none of the stored credentials: enter them again."), fields=missing.fields
        ) from None
    named = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    if named:
        channel.credentials = vault.encrypt_fields(new)
        # Which ones, never what they are.
        changes["credentials"] = [None, named]


def _credentials(
    kind: ChannelType, old: Mapping[str, str], given: Mapping[str, str | None]
) -> dict[str, str]:
    """The credentials after a change. Raises InvalidInput for an unknown or a missing one."""
    known = {field.name for field in kind.credential_fields}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise InvalidInput(
            said(
                N_("%(label)s has no credential %(unknown)s; it has %(known)s."),
                label=kind.label,
                unknown=", ".join(unknown),
                known=", ".join(sorted(known)),
            ),
            fields={name: [N_("There is no such credential.")] for name in unknown},
        )
    merged = dict(old)
    for name, value in given.items():
        if value is None:
            merged.pop(name, None)
        elif value.strip():
            merged[name] = value.strip()
    missing = [field for field in kind.credential_fields if field.is_required and not merged.get(field.name)]
    if missing:
        raise InvalidInput(
            said(
                N_("%(label)s needs: %(fields)s."),
                label=kind.label,
                fields=enumeration([said(field.label) for field in missing]),
            ),
            fields={
                field.name: [said(N_("Enter the %(field)s."), field=mid_sentence(field.label))]
                for field in missing
            },
        )
    return merged


def _write(session: Session, channel: Channel) -> None:
    try:
        with session.begin_nested():
            session.add(channel)
            session.flush()
    except IntegrityError as error:
        if "uq_channel_name" not in str(getattr(getattr(error.orig, "diag", None), "constraint_name", "")):
            raise
        raise _refuse("name", N_("Another channel has this name.")) from error


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not name or len(name) > LONGEST_NAME:
        raise _refuse("name", said(N_("Write a name of at most %(most)s characters."), most=LONGEST_NAME))
    return name


def _base_url(value: str) -> str:
    """The shop's address without a slash at its end. Its host is judged again at every call."""
    url = value.strip().rstrip("/")
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


def _minutes(name: str, value: int) -> int:
    most = MOST_MINUTES[name]
    if not 0 <= value <= most:
        raise _refuse(name, said(N_("Write minutes from 0 (never) to %(most)s."), most=most))
    return value


def _requests(value: int) -> int:
    if not 1 <= value <= MOST_REQUESTS_PER_MINUTE:
        raise _refuse(
            "requests_per_minute",
            said(N_("Write a number from 1 to %(most)s."), most=MOST_REQUESTS_PER_MINUTE),
        )
    return value


def _ownership(value: str) -> str:
    if value not in set(AddressOwnership):
        raise _refuse("address_ownership", N_("Choose one of the list."))
    return value


def _conf(kind: ChannelType, given: Mapping[str, Any]) -> dict[str, Any]:
    """The adapter's settings, checked by the adapter. Raises InvalidInput for one it does not have."""
    unknown = sorted(given.keys() - kind.settings.keys())
    if unknown:
        raise InvalidInput(
            said(
                N_("%(label)s has no setting %(unknown)s; it has %(known)s."),
                label=kind.label,
                unknown=", ".join(unknown),
                known=", ".join(sorted(kind.settings)),
            )
        )
    return kind.check_settings(given)


def _refuse(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={name: [sentence]})
