"""The audit log: who did what, from where, with old and new values. Rows are only ever added.

Values that name a person (addresses, e-mail, phone, IBAN), and words that somebody typed or an outside system said, go to
`audit_personal`, which can be erased without touching the log itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn


class Origin(StrEnum):
    """From where a change came."""

    PAGE = "page"
    API = "api"
    CHANNEL = "channel"
    JOB = "job"
    COMMAND = "command"


@dataclass(frozen=True)
class AuditContext:
    """Who acts and from where; `staff_id` None is the product itself (a job, a channel, the command line).

    `granted` are the permissions that an API token leaves its owner; None: no token, all of the role's. `is_vendor`: the
    token stands for somebody outside, who answers for their own items.
    """

    origin: Origin
    staff_id: int | None = None
    actor: str = "Kontor"
    request_id: str | None = None
    remote_addr: str | None = None
    granted: frozenset[str] | None = None
    is_vendor: bool = False


SYSTEM = AuditContext(origin=Origin.JOB)


class AuditEntry(Base):
    """One thing that happened. `tag` is the business word (`order.address.changed`); `changes` maps field to [old, new]."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject_type", "subject_id", text("id DESC")),
        Index(
            "ix_audit_entry_order", "order_id", text("id DESC"), postgresql_where=text("order_id IS NOT NULL")
        ),
        Index("ix_audit_entry_staff", "staff_id", text("id DESC")),
        Index("ix_audit_entry_tag", "tag", text("id DESC")),
    )

    id: Mapped[BigId]
    at: Mapped[CreatedAt]
    tag: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(16))
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(120))
    remote_addr: Mapped[str | None] = mapped_column(String(45))
    request_id: Mapped[str | None] = mapped_column(String(64))
    subject_type: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    summary: Mapped[str] = mapped_column(Text, default="", server_default="")
    changes: Mapped[JsonColumn]
    refused: Mapped[bool] = mapped_column(default=False, server_default="false")
    personal: Mapped["AuditPersonal | None"] = relationship(viewonly=True, uselist=False)

    @property
    def told(self) -> str:
        """Our own sentence, and behind it what somebody typed or an outside system said, until that is erased."""
        return in_one(self.summary, self.personal.words if self.personal else "")


class AuditPersonal(Base):
    """The part of an entry that names a person; erasing a customer blanks these rows and leaves the log whole."""

    __tablename__ = "audit_personal"

    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entry.id"), primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    changes: Mapped[JsonColumn]
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    erased_at: Mapped[datetime | None]


def in_one(summary: str, words: str | None) -> str:
    """What an entry says: our own sentence and the words behind it, either of which may be missing."""
    return ": ".join(part for part in (summary, words) if part)


def record(
    session: Session,
    context: AuditContext,
    tag: str,
    *,
    subject: tuple[str, object],
    order_id: int | None = None,
    summary: str = "",
    changes: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    words: str = "",
    customer_id: int | None = None,
    refused: bool = False,
) -> AuditEntry:
    """Add one entry in the caller's transaction; `subject` is (kind, id), `personal` holds what names a person.

    `summary` is our own sentence. What somebody typed, or an outside system said, is `words`: it may name anybody.
    """
    entry = AuditEntry(
        tag=tag,
        origin=context.origin,
        staff_id=context.staff_id,
        actor=context.actor,
        remote_addr=context.remote_addr,
        request_id=context.request_id,
        subject_type=subject[0],
        subject_id=str(subject[1]),
        order_id=order_id,
        summary=summary,
        changes=dict(changes or {}),
        refused=refused,
    )
    session.add(entry)
    if personal or words:
        session.flush()
        beside = AuditPersonal(
            entry_id=entry.id, customer_id=customer_id, changes=dict(personal or {}), words=words
        )
        session.add(beside)
    return entry
