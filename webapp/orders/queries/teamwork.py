"""Who looks after one order, and which tags it has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.orders.models import OrderAssignment, OrderTag, Tag


@dataclass(frozen=True)
class Teamwork:
    """`version` is the assignment's, 0 while nobody ever had the order; `tags` are rows of id, name, colour by name."""

    assignee_id: int | None
    assignee: str
    due_on: date | None
    version: int
    tags: Sequence[Any]

    @property
    def tag_ids(self) -> frozenset[int]:
        """What is on the order."""
        return frozenset(tag.id for tag in self.tags)


NOBODY: Final = Teamwork(None, "", None, 0, ())


def teamwork_of(session: Session, order_id: int) -> Teamwork:
    """Two statements."""
    row = session.execute(_ASSIGNMENT, {"order_id": order_id}).one_or_none()
    tags = session.execute(_TAGS, {"order_id": order_id}).all()
    if row is None:
        return replace(NOBODY, tags=tags)
    return Teamwork(row.staff_id, row.name or "", row.due_on, row.version, tags)


_ID: Final = bindparam("order_id", type_=BigInteger)
_ASSIGNMENT: Final = (
    select(OrderAssignment.staff_id, StaffUser.name, OrderAssignment.due_on, OrderAssignment.version)
    .outerjoin(StaffUser, StaffUser.id == OrderAssignment.staff_id)
    .where(OrderAssignment.order_id == _ID)
)
_TAGS: Final = (
    select(Tag.id, Tag.name, Tag.colour)
    .join(OrderTag, OrderTag.tag_id == Tag.id)
    .where(OrderTag.order_id == _ID)
    .order_by(Tag.name)
)
