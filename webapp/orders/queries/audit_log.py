"""The audit log, searched: who, when, what, about which order, from where. A page costs the same on any number of rows.

Each filter that an index leads with is walked from the newest entry on; what the index does not know is looked at row
by row, WINDOW rows at most. A page that could not be filled within them says from where to go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    String,
    bindparam,
    func,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.audit import AuditEntry, AuditPersonal, in_one
from webapp.orders.models import Order
from webapp.orders.queries.criteria import Scope
from webapp.orders.queries.timeline import Happened

WINDOW: Final = 10_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is asked for; an empty tuple or None does not limit. `tags` are whole words of the log."""

    tags: tuple[str, ...] = ()
    staff_ids: tuple[int, ...] = ()
    origins: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    order_id: int | None = None
    refused_only: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry with the order it is about, and from which address it came."""

    happened: Happened
    subject: str
    order_id: int | None
    order_number: str | None
    currency: str | None
    remote_addr: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Newest first; `before_id` says from where to go on, None at the end of the log."""

    rows: Sequence[Logged]
    before_id: int | None


def page(
    session: Session, wanted: AuditFilter, scope: Scope, me: int, *, before_id: int | None, size: int
) -> AuditPage:
    """One page. Two statements. Somebody limited to channels sees what concerns their orders, and their own deeds."""
    seen = session.execute(_walk(wanted, scope, me, before_id, size + 1)).all()
    # Behind the end of the first walk that ended unfinished nothing is shown yet: another walk may have got further.
    unread = max((row.id for row in seen if not row.hit), default=None)
    hits = [row.id for row in seen if row.hit and (unread is None or row.id > unread)]
    ids = hits[:size]
    rows = [_logged(row) for row in session.execute(_shown(ids))] if ids else []
    return AuditPage(rows, ids[-1] if len(hits) > size else unread)


def known_tags(session: Session) -> list[str]:
    """Every word of the log, by skipping through its index: one look per word, however many entries there are."""
    statement = text("""
        WITH RECURSIVE words AS (
            (SELECT tag FROM audit_entry ORDER BY tag LIMIT 1)
            UNION ALL
            SELECT (SELECT tag FROM audit_entry WHERE tag > words.tag ORDER BY tag LIMIT 1)
            FROM words WHERE words.tag IS NOT NULL
        ) SELECT tag FROM words WHERE tag IS NOT NULL
    """)
    return [str(tag) for (tag,) in session.execute(statement)]


def staff_names(session: Session) -> dict[int, str]:
    """Everybody who can have done something, by name."""
    query = select(StaffUser.id, StaffUser.name).order_by(StaffUser.name)
    return {key: name for key, name in session.execute(query)}  # noqa: C416 - a Row is no pair for mypy


def order_of_number(session: Session, number: str, scope: Scope) -> int | None:
    """The order with exactly this number; the newest where several channels have it."""
    in_scope = true() if scope is None else Order.channel_id.in_(scope)
    query = select(Order.id).where(Order.number == number, in_scope).order_by(Order.id.desc()).limit(1)
    return session.scalar(query)


def _walk(
    wanted: AuditFilter, scope: Scope, me: int, before_id: int | None, size: int
) -> Select[*tuple[Any, ...]]:
    """(id, hit): the hits of the page, and the last row looked at, so that the next page goes on behind it."""
    lead = _lead(wanted)
    residual = _residual(wanted, scope, me, lead=lead)
    before = true() if before_id is None else AuditEntry.id < before_id
    if lead is None:
        return _window(residual, [before], size)
    column, values, kind = lead
    listed = func.unnest(bindparam("values", list(values), ARRAY(kind), unique=True))
    each = listed.table_valued("value", name="listed").render_derived()
    branch = _window(residual, [before, column == each.c.value], size, each).lateral("branch")
    return (
        select(branch.c.id, branch.c.hit).select_from(each.join(branch, true())).order_by(branch.c.id.desc())
    )


def _lead(wanted: AuditFilter) -> tuple[Any, Sequence[Any], Any] | None:
    """The condition whose index is walked: the order's entries are fewest, then a word's, then a person's."""
    if wanted.order_id is not None:
        return AuditEntry.order_id, [wanted.order_id], AuditEntry.order_id.type
    if wanted.tags:
        return AuditEntry.tag, wanted.tags, String
    if wanted.staff_ids:
        return AuditEntry.staff_id, wanted.staff_ids, AuditEntry.staff_id.type
    return None


def _window(
    residual: ColumnElement[bool],
    where: list[ColumnElement[bool]],
    size: int,
    beside: FromClause | None = None,
) -> Select[*tuple[Any, ...]]:
    looked_at = (
        select(
            AuditEntry.id,
            residual.label("hit"),
            func.row_number().over(order_by=AuditEntry.id.desc()).label("nth"),
        )
        .where(*where)
        .order_by(AuditEntry.id.desc())
        .limit(WINDOW)
        .correlate(beside)
        .subquery("looked_at")
    )
    return (
        select(looked_at.c.id, looked_at.c.hit)
        .where(or_(looked_at.c.hit, looked_at.c.nth == WINDOW))
        .order_by(looked_at.c.id.desc())
        .limit(size)
    )


def _residual(wanted: AuditFilter, scope: Scope, me: int, *, lead: Any) -> ColumnElement[bool]:
    clauses: list[ColumnElement[bool]] = [true()]
    if wanted.tags and (lead is None or lead[0] is not AuditEntry.tag):
        clauses.append(AuditEntry.tag.in_(wanted.tags))
    if wanted.staff_ids and (lead is None or lead[0] is not AuditEntry.staff_id):
        clauses.append(AuditEntry.staff_id.in_(wanted.staff_ids))
    if wanted.origins:
        clauses.append(AuditEntry.origin.in_(wanted.origins))
    if wanted.since is not None:
        clauses.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        clauses.append(AuditEntry.at < wanted.until)
    if wanted.refused_only:
        clauses.append(AuditEntry.refused.is_(True))
    if scope is not None:
        mine = select(Order.id).where(Order.id == AuditEntry.order_id, Order.channel_id.in_(scope))
        clauses.append(or_(func.coalesce(AuditEntry.staff_id == me, False), mine.exists()))
    return func.coalesce(_all(clauses), False)


def _all(clauses: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    found = clauses[0]
    for clause in clauses[1:]:
        found = found & clause
    return found


def _shown(ids: Sequence[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            AuditEntry,
            AuditPersonal.changes.label("personal"),
            AuditPersonal.words,
            AuditPersonal.erased_at,
            Order.number,
            Order.currency,
        )
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .outerjoin(Order, Order.id == AuditEntry.order_id)
        .where(AuditEntry.id.in_(ids))
        .order_by(AuditEntry.id.desc())
    )


def _logged(row: Any) -> Logged:
    entry: AuditEntry = row.AuditEntry
    happened = Happened(
        id=entry.id,
        at=entry.at,
        tag=entry.tag,
        origin=entry.origin,
        staff_id=entry.staff_id,
        actor=entry.actor,
        summary=in_one(entry.summary, row.words),
        refused=entry.refused,
        changes={**entry.changes, **(row.personal or {})},
        erased=row.erased_at is not None,
    )
    subject = f"{entry.subject_type} {entry.subject_id}"
    return Logged(
        happened, subject, entry.order_id, row.number, row.currency, entry.remote_addr, entry.request_id
    )
