"""What staff typed for a piece of background work. It may name somebody, so it stands in no operation's `args`, which
are shown and logged, and it is taken away as soon as the work has carried it where it belongs."""

import uuid
from collections.abc import Mapping

from sqlalchemy import ForeignKey, String, Text, delete, select
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.db import Base
from webapp.core.operations import Operation


class TypedWords(Base):
    """One text of an operation; `name` is the field it was typed into."""

    __tablename__ = "operation_words"

    operation_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey("operation.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(24), primary_key=True)
    words: Mapped[str] = mapped_column(Text)


def keep_words(session: Session, operation: Operation, words: Mapping[str, str]) -> None:
    """Keep what was typed beside a new operation; empty texts are not kept."""
    session.add_all(
        TypedWords(operation_id=operation.id, name=name, words=text) for name, text in words.items() if text
    )


def words_of(session: Session, operation_id: uuid.UUID) -> dict[str, str]:
    """What was typed, by field."""
    rows = session.scalars(select(TypedWords).where(TypedWords.operation_id == operation_id))
    return {row.name: row.words for row in rows}


def forget_words(session: Session, operation_id: uuid.UUID) -> None:
    """The work is done: what was typed stands where it belongs."""
    session.execute(delete(TypedWords).where(TypedWords.operation_id == operation_id))
