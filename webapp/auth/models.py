"""Staff, their channels, their sessions and API tokens, and the counters of the sign-in page."""

import uuid

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.auth.roles import Role
from webapp.core.db import Base, BigId, CreatedAt, JsonColumn, OptionalUtcTime, UtcTime

_ROLES = ", ".join(f"'{role}'" for role in Role)


class StaffUser(Base):
    """A person who signs in. `email` is stored in lower case, so that its unique constraint knows no case."""

    __tablename__ = "staff_user"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        CheckConstraint(f"role IN ({_ROLES})", name="role_is_known"),
        CheckConstraint("language IN ('en', 'tr', 'ar')", name="language_is_known"),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme_is_known"),
    )

    id: Mapped[BigId]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    # Said by a column of its own, not by having no rows: taking a person's last channel away must not open all of them.
    limited_to_channels: Mapped[bool] = mapped_column(default=False, server_default="false")
    language: Mapped[str] = mapped_column(String(5), default="en", server_default="en")
    time_zone: Mapped[str] = mapped_column(
        String(64), default="Europe/Istanbul", server_default="Europe/Istanbul"
    )
    theme: Mapped[str] = mapped_column(String(8), default="system", server_default="system")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    # What the person chose for lists, such as the columns of the orders; areas name their own keys.
    preferences: Mapped[JsonColumn]
    created_at: Mapped[CreatedAt]
    password_changed_at: Mapped[CreatedAt]
    last_signed_in_at: Mapped[OptionalUtcTime]

    channels: Mapped[list["StaffChannel"]] = relationship(
        back_populates="staff", cascade="all, delete-orphan"
    )

    def __str__(self) -> str:
        return self.name

    @property
    def channel_ids(self) -> list[int]:
        """The channels that a limited person sees."""
        return sorted(link.channel_id for link in self.channels)


class StaffChannel(Base):
    """One channel that a limited member of staff may see."""

    __tablename__ = "staff_channel"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True)
    channel_id: Mapped[int] = mapped_column(
        ForeignKey("channel.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    staff: Mapped[StaffUser] = relationship(back_populates="channels")


class StaffSession(Base):
    """One sign-in on one browser. The cookie carries a random token, the row only its SHA-256: a stolen dump opens nothing."""

    __tablename__ = "staff_session"
    __table_args__ = (
        Index("ix_staff_session_live", "staff_id", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash_is_sha256"),
    )

    id: Mapped[BigId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    created_at: Mapped[UtcTime]
    last_seen_at: Mapped[UtcTime]
    ended_at: Mapped[OptionalUtcTime]
    ended_because: Mapped[str | None] = mapped_column(String(24))
    remote_addr: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(200))
    # The password was right and the code is still to come: such a row opens nothing.
    awaits_code: Mapped[bool] = mapped_column(default=False, server_default="false")

    staff: Mapped[StaffUser] = relationship()


class SecondStep(Base):
    """A person's authenticator app. `secret` is encrypted; `last_step` is the latest 30 seconds whose code was used.

    Without `confirmed_at` it was only begun: no code of it was typed yet, and the password alone still signs in.
    """

    __tablename__ = "staff_second_step"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    begun_at: Mapped[UtcTime]
    confirmed_at: Mapped[OptionalUtcTime]


class RecoveryCode(Base):
    """One of the codes that stand in for a lost telephone, each once. The row has only its SHA-256."""

    __tablename__ = "staff_recovery_code"
    __table_args__ = (CheckConstraint("octet_length(code_hash) = 32", name="code_hash_is_sha256"),)

    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff_second_step.staff_id", ondelete="CASCADE"), primary_key=True
    )
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[OptionalUtcTime]


class SignInThrottle(Base):
    """Tries at the sign-in page per account or per address. Keys are hashes: the table names nobody."""

    __tablename__ = "sign_in_throttle"
    __table_args__ = (CheckConstraint("scope IN ('account', 'address')", name="scope_is_known"),)

    scope: Mapped[str] = mapped_column(String(8), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    window_started_at: Mapped[UtcTime]
    tries: Mapped[int] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    blocked_until: Mapped[OptionalUtcTime]


class ApiToken(Base):
    """A key for programs. The row has only its SHA-256 and the first characters; the person's own rights bound it.

    `channel_ids` None: all channels of the person. The rate is counted in the row itself: one minute at a time.
    """

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash_is_sha256"),
        CheckConstraint("requests_per_minute > 0", name="rate_above_zero"),
        Index("ix_api_token_staff", "staff_id"),
    )

    id: Mapped[BigId]
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String(64)))
    channel_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    # The one vendor for whom it stands; it sees and answers that vendor's part of orders and nothing else.
    data_source_id: Mapped[int | None] = mapped_column(ForeignKey("data_source.id"))
    requests_per_minute: Mapped[int] = mapped_column(default=600, server_default="600")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[OptionalUtcTime]
    revoked_at: Mapped[OptionalUtcTime]
    last_used_at: Mapped[OptionalUtcTime]
    window_started_at: Mapped[OptionalUtcTime]
    window_requests: Mapped[int] = mapped_column(default=0, server_default="0")

    staff: Mapped[StaffUser] = relationship()


class ApiIdempotency(Base):
    """One POST that its sender numbered: claimed before it runs, answered from here when it is sent again.

    `claim` fences: who lost the claim to another cannot commit. `committed` stands in the transaction of the deed
    itself, so that a process that dies before it has kept its answer still never does the deed twice.
    """

    __tablename__ = "api_idempotency"
    __table_args__ = (Index("ix_api_idempotency_expires", "expires_at"),)

    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    claim: Mapped[uuid.UUID] = mapped_column(Uuid)
    claimed_at: Mapped[UtcTime]
    expires_at: Mapped[UtcTime]
    committed: Mapped[bool] = mapped_column(default=False, server_default="false")
    status: Mapped[int | None]
    headers: Mapped[JsonColumn]
    # Answers hold customers' data: they are kept as long as the key and not a day longer.
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
