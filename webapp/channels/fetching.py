"""Which orders are to be fetched: the modes staff and schedules ask for, and the questions adapters are given."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from webapp.core.errors import InvalidInput
from webapp.core.sentences import said
from webapp.core.text import N_

# How many orders one "these numbers" request may name: staff paste a column of a spreadsheet.
MOST_NUMBERS = 1000


@dataclass(frozen=True)
class FetchOrders:
    """A wish for certain orders. With nothing named it means: what changed since the last pull.

    Dates are aware UTC and inclusive; `order_id` is the channel's id of the order to go on after.
    A dry run tells what would change and writes nothing.
    """

    start_date: datetime | None = None
    end_date: datetime | None = None
    created_before: datetime | None = None
    order_numbers_to_fetch: tuple[str, ...] = ()
    order_id: str | None = None
    fetch_all_orders: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise InvalidInput(
                N_("The start lies after the end."),
                fields={"end_date": [N_("Choose a date that is not before the start.")]},
            )
        if len(self.order_numbers_to_fetch) > MOST_NUMBERS:
            raise InvalidInput(
                said(N_("At most %(most)s order numbers can be fetched at once."), most=MOST_NUMBERS),
                fields={
                    "order_numbers_to_fetch": [said(N_("Give at most %(most)s numbers."), most=MOST_NUMBERS)]
                },
            )

    @property
    def names_something(self) -> bool:
        """Whether it asks for anything else than what changed since the last pull."""
        named = (
            self.start_date,
            self.end_date,
            self.created_before,
            self.order_numbers_to_fetch,
            self.order_id,
        )
        return self.fetch_all_orders or any(named)

    def to_args(self) -> dict[str, Any]:
        """The wish as an operation's arguments; only what was named."""
        values: dict[str, Any] = {
            "start_date": _text(self.start_date),
            "end_date": _text(self.end_date),
            "created_before": _text(self.created_before),
            "order_numbers_to_fetch": list(self.order_numbers_to_fetch),
            "order_id": self.order_id,
            "fetch_all_orders": self.fetch_all_orders,
            "dry_run": self.dry_run,
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> "FetchOrders":
        """The wish of an operation's arguments."""
        return cls(
            start_date=_moment(args.get("start_date")),
            end_date=_moment(args.get("end_date")),
            created_before=_moment(args.get("created_before")),
            order_numbers_to_fetch=tuple(args.get("order_numbers_to_fetch", ())),
            order_id=args.get("order_id"),
            fetch_all_orders=bool(args.get("fetch_all_orders")),
            dry_run=bool(args.get("dry_run")),
        )


@dataclass(frozen=True)
class Position:
    """Where a long reading stands: the last order stored, and about how many lie before it."""

    remote_id: str
    offset: int = 0


@dataclass(frozen=True)
class OrderQuery:
    """One question to a channel, in its order of ids; `position` is where to go on.

    Bounds are inclusive. `remote_ids` or `numbers` ask for exactly these, whatever else is given; `singly`: one by
    one, as an adapter does it with those that a list did not have.
    """

    modified_since: datetime | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    after_remote_id: str | None = None
    remote_ids: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    singly: bool = False
    position: Position | None = None

    def at(self, position: Position | None) -> "OrderQuery":
        """The same question, to be gone on with from there."""
        return replace(self, position=position)


def query_of(fetch: FetchOrders) -> OrderQuery:
    """The question that a wish naming something comes to."""
    if fetch.order_numbers_to_fetch:
        return OrderQuery(numbers=fetch.order_numbers_to_fetch)
    until = [moment for moment in (fetch.end_date, fetch.created_before) if moment is not None]
    return OrderQuery(
        created_from=fetch.start_date, created_until=min(until, default=None), after_remote_id=fetch.order_id
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
