"""What the pages about channels read: the list, one channel's health, its failed records."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Select, and_, func, select, text
from sqlalchemy.orm import Session, defer

from webapp.channels.models import Channel, DataSource, Mapping, PullCursor, RateBucket, RemoteRecord
from webapp.core.breaker import CircuitBreaker
from webapp.core.errors import NotFound
from webapp.core.operations import Operation, OperationState
from webapp.core.secrets import SecretUnreadable, current_vault
from webapp.core.text import N_
from webapp.orders.models import ExternalStatus

Scope = frozenset[int] | None
ORDER_KIND = "order"
WORDS_DAYS = 30
WORDS_LOOKED_AT = (
    20_000  # Items; a shop without any product here must not cost a walk through all its orders.
)
WORDS_SHOWN = 100


@dataclass(frozen=True)
class ChannelHealth:
    """A channel and how its pulls fare."""

    channel: Channel
    cursor: PullCursor | None
    breaker: CircuitBreaker | None
    bucket: RateBucket | None
    failed_records: int
    running: Operation | None

    @property
    def last_pull_at(self) -> datetime | None:
        """When the channel was last read to the end."""
        return self.cursor.last_success_at if self.cursor else None

    @property
    def last_error(self) -> str | None:
        """What the last pull that failed said; None when the newest one went well."""
        return self.cursor.last_error if self.cursor else None

    @property
    def is_held_back(self) -> bool:
        """Whether calls are held back because they failed too often."""
        return self.breaker is not None and self.breaker.opened_at is not None


def channel_names(session: Session, scope: Scope) -> dict[int, str]:
    """The channels a person may know of, by name."""
    query = select(Channel.id, Channel.name).order_by(Channel.name)
    if scope is not None:
        query = query.where(Channel.id.in_(scope))
    return {key: value for key, value in session.execute(query)}  # noqa: C416 - a Row is no pair for mypy


def vendor_names(session: Session) -> dict[int, str]:
    """Every data source that may supply items, by name."""
    query = select(DataSource.id, DataSource.name).order_by(DataSource.name)
    return {key: value for key, value in session.execute(query)}  # noqa: C416 - a Row is no pair for mypy


def channels(session: Session, scope: Scope) -> list[ChannelHealth]:
    """Every channel the person may know of, by name. Four small queries, however many channels there are."""
    query = select(Channel).order_by(Channel.name)
    if scope is not None:
        query = query.where(Channel.id.in_(scope))
    return _with_health(session, list(session.scalars(query)))


def channel(session: Session, scope: Scope, channel_id: int) -> ChannelHealth:
    """One channel. Raises NotFound also for one that is not the person's."""
    found = session.get(Channel, channel_id)
    if found is None or (scope is not None and channel_id not in scope):
        raise NotFound(N_("There is no such channel."))
    return _with_health(session, [found])[0]


def channel_name(session: Session, scope: Scope, channel_id: int) -> str:
    """The name of one channel. Raises NotFound also for one that is not the person's."""
    name = session.scalar(select(Channel.name).where(Channel.id == channel_id))
    if name is None or (scope is not None and channel_id not in scope):
        raise NotFound(N_("There is no such channel."))
    return name


def stored_credentials(found: Channel) -> frozenset[str]:
    """The names of the credentials a channel has; what they are is never shown. None when no key opens them."""
    try:
        return frozenset(current_vault().decrypt_fields(found.credentials))
    except SecretUnreadable:
        return frozenset()


def next_pull_at(found: Channel, now: datetime) -> datetime | None:
    """When the schedule begins the next pull: slots lie at whole multiples of the channel's minutes, in UTC. None: by button only."""
    if not found.is_active or found.pull_minutes == 0:
        return None
    slot_s = found.pull_minutes * 60
    return datetime.fromtimestamp((int(now.timestamp()) // slot_s + 1) * slot_s, UTC)


def failed_records(
    session: Session,
    channel_id: int,
    *,
    failure_class: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[RemoteRecord]:
    """The channel's records that could not be taken, newest first, from before `before_id`."""
    query = select(RemoteRecord).where(RemoteRecord.channel_id == channel_id, RemoteRecord.state == "failed")
    if failure_class is not None:
        query = query.where(RemoteRecord.failure_class == failure_class)
    if before_id is not None:
        query = query.where(RemoteRecord.id < before_id)
    # The payload is large and only shown on the record's own page.
    query = query.options(defer(RemoteRecord.payload)).order_by(RemoteRecord.id.desc())
    return list(session.scalars(query.limit(limit)))


RECORD_ID: Final = RemoteRecord.id


def failed_statement(channel_id: int, *, failure_class: str | None = None) -> Select[RemoteRecord]:
    """The channel's records that could not be taken, without their payloads, for whoever pages them."""
    query = select(RemoteRecord).where(RemoteRecord.channel_id == channel_id, RemoteRecord.state == "failed")
    if failure_class is not None:
        query = query.where(RemoteRecord.failure_class == failure_class)
    return query.options(defer(RemoteRecord.payload))


def failures_by_class(session: Session, channel_id: int) -> dict[str, int]:
    """How many failed records of each class the channel has."""
    query = (
        select(RemoteRecord.failure_class, func.count())
        .where(RemoteRecord.channel_id == channel_id, RemoteRecord.state == "failed")
        .group_by(RemoteRecord.failure_class)
    )
    return {name or "bug": count for name, count in session.execute(query)}


def record(session: Session, channel_id: int, record_id: int) -> RemoteRecord:
    """One record of this channel, without its payload. Raises NotFound."""
    query = select(RemoteRecord).where(RemoteRecord.id == record_id, RemoteRecord.channel_id == channel_id)
    found = session.scalars(query.options(defer(RemoteRecord.payload))).one_or_none()
    if found is None:
        raise NotFound(N_("There is no such record."))
    return found


def payload_text(session: Session, record_id: int) -> str:
    """What the channel sent, laid out to be read; numbers with their own digits, as PostgreSQL keeps them."""
    return (
        session.scalar(select(func.jsonb_pretty(RemoteRecord.payload)).where(RemoteRecord.id == record_id))
        or ""
    )


@dataclass(frozen=True)
class UnmappedSku:
    """A SKU of the channel that is no product here, and how many items of recent orders carry it."""

    sku: str
    name: str
    items: int
    last_placed_at: datetime


_UNMAPPED = text(
    """
    SELECT sku, max(name) AS name, count(*) AS items, max(date_placed) AS last_placed_at
    FROM (
        SELECT item.sku, item.name, o.date_placed
        FROM orders o JOIN order_item item ON item.order_id = o.id
        WHERE o.channel_id = :channel AND o.date_placed > now() - make_interval(days => :days)
          AND item.product_id IS NULL AND item.sku <> '' AND item.status NOT IN (100, 600)
        LIMIT :looked_at
    ) AS recent
    GROUP BY sku ORDER BY count(*) DESC, sku LIMIT :shown
    """
)


def unmapped_skus(session: Session, channel_id: int) -> list[UnmappedSku]:
    """The SKUs of the last weeks that want a product, those met most often first."""
    bounds = {"days": WORDS_DAYS, "looked_at": WORDS_LOOKED_AT, "shown": WORDS_SHOWN}
    rows = session.execute(_UNMAPPED, {"channel": channel_id, **bounds})
    return [UnmappedSku(row.sku, row.name or "", row.items, row.last_placed_at) for row in rows]


def statuses(session: Session, channel_id: int) -> list[tuple[str, str | None]]:
    """Every status that the channel has ever named, and what staff say it means (None: what its adapter knows)."""
    same = and_(
        Mapping.channel_id == ExternalStatus.channel_id,
        Mapping.kind == "status",
        Mapping.remote_value == ExternalStatus.code,
    )
    query = (
        select(ExternalStatus.code, Mapping.local_value)
        .outerjoin(Mapping, same)
        .where(ExternalStatus.channel_id == channel_id)
        .order_by(ExternalStatus.code)
    )
    return [(code, meaning) for code, meaning in session.execute(query)]


def _with_health(session: Session, found: list[Channel]) -> list[ChannelHealth]:
    ids = [each.id for each in found]
    cursors = session.scalars(
        select(PullCursor).where(PullCursor.channel_id.in_(ids), PullCursor.kind == ORDER_KIND)
    )
    cursor_of = {each.channel_id: each for each in cursors}
    bucket_of = {
        b.channel_id: b for b in session.scalars(select(RateBucket).where(RateBucket.channel_id.in_(ids)))
    }
    names = [f"channel:{channel_id}" for channel_id in ids]
    breaker_of = {
        b.name: b for b in session.scalars(select(CircuitBreaker).where(CircuitBreaker.name.in_(names)))
    }
    failed_of = _failed_counts(session, ids)
    running_of = _running_pulls(session, ids)
    return [
        ChannelHealth(
            channel=each,
            cursor=cursor_of.get(each.id),
            breaker=breaker_of.get(f"channel:{each.id}"),
            bucket=bucket_of.get(each.id),
            failed_records=failed_of.get(each.id, 0),
            running=running_of.get(each.id),
        )
        for each in found
    ]


def _failed_counts(session: Session, ids: list[int]) -> dict[int, int]:
    query = (
        select(RemoteRecord.channel_id, func.count())
        .where(RemoteRecord.channel_id.in_(ids), RemoteRecord.state == "failed")
        .group_by(RemoteRecord.channel_id)
    )
    return {key: value for key, value in session.execute(query)}  # noqa: C416 - a Row is no pair for mypy


def _running_pulls(session: Session, ids: list[int]) -> dict[int, Operation]:
    query = select(Operation).where(
        Operation.channel_id.in_(ids),
        Operation.kind == "channel.pull",
        Operation.state.in_((OperationState.READY, OperationState.LEASED)),
    )
    return {each.channel_id: each for each in session.scalars(query) if each.channel_id is not None}
