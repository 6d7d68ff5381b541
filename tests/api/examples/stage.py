"""What an example is, and what all of them stand on."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tests.cancelling import Counter
from webapp.core.db import db
from webapp.orders.enums import PlanKind
from webapp.orders.models import OrderItem

UNSHOWN = "POST (shown elsewhere)"


@dataclass(frozen=True)
class Example:
    """One call: the method and address as the specification has them, the address called, what is sent."""

    call: str
    url: str
    body: Any = None
    file: tuple[str, bytes] | None = None


@dataclass
class Desk:
    """What the examples stand on, each for deeds that would be in each other's way."""

    counter: Counter
    orders: dict[str, int]

    def reason(self) -> list[dict[str, int]]:
        """The reason of a cancel plan."""
        return [{"reason": self.counter.desk.reasons[PlanKind.CANCEL]}]


def items_of(order_id: int) -> list[int]:
    query = select(OrderItem.id).where(OrderItem.order_id == order_id)
    return list(db.session.scalars(query.order_by(OrderItem.id)))
