"""What stands around every list of orders: the counts of the tabs, and what the filters' menus offer. One statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.cargo.models import CargoCompany
from webapp.channels.models import Channel
from webapp.orders.models import Order, Tag
from webapp.orders.queries.attention import urgent
from webapp.orders.queries.criteria import Scope, View
from webapp.orders.queries.narrowing import view_clause
from webapp.orders.queries.plan_queue import undecided
from webapp.payments.models import PaymentOption

# One more than a list says exactly ("10,000+"): counting on would cost more than anybody learns from it.
COUNT_CAP: Final = 10_001
_SEPARATOR: Final = "\x1f"


class TagWord(NamedTuple):
    """A tag's name and colour; `is_active` false for one that is only found on older orders."""

    name: str
    colour: str
    is_active: bool


@dataclass(frozen=True)
class Surroundings:
    """Capped counts by view, names by id, the currencies that orders have, and what waits elsewhere for the reader."""

    counts: Mapping[View, int]
    channels: Mapping[int, str] = field(default_factory=dict)
    payments: Mapping[int, str] = field(default_factory=dict)
    cargo: Mapping[int, str] = field(default_factory=dict)
    currencies: tuple[str, ...] = ()
    tags: Mapping[int, TagWord] = field(default_factory=dict)
    staff: Mapping[int, str] = field(default_factory=dict)
    urgent: int = 0
    undecided: int = 0


def read_surroundings(session: Session, scope: Scope) -> Surroundings:
    """As the reader may see them: others' channels are neither counted nor named."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, value, label in session.execute(_everything(scope)):
        found.setdefault(kind, []).append((value, label))
    return Surroundings(
        counts={View(value): int(label) for value, label in found["view"]},
        channels=_names(found, "channel"),
        payments=_names(found, "payment"),
        cargo=_names(found, "cargo"),
        currencies=tuple(value for value, _ in found.get("currency", ())),
        tags={int(value): _tag(label) for value, label in found.get("tag", ())},
        staff=_names(found, "staff"),
        **{value: int(label) for value, label in found["waits"]},
    )


def _everything(scope: Scope) -> Any:
    channels = _named("channel", Channel)
    if scope is not None:
        channels = channels.where(Channel.id.in_(scope))
    parts = [
        *(_count(view, scope) for view in View),
        channels,
        _named("payment", PaymentOption).where(PaymentOption.is_active),
        _named("cargo", CargoCompany).where(CargoCompany.is_active),
        _currencies(),
        _tags(),
        _named("staff", StaffUser).where(StaffUser.is_active),
        _waits("urgent", urgent(scope)),
        _waits("undecided", undecided(scope)),
    ]
    everything = union_all(*parts).subquery("everything")
    return select(everything).order_by(everything.c.kind, everything.c.label)


def _count(view: View, scope: Scope) -> Select[str, str, str]:
    clause = view_clause(view)
    seen = true() if scope is None else Order.channel_id.in_(scope)
    counted = (
        select(Order.id).where(and_(true() if clause is None else clause, seen)).limit(COUNT_CAP).subquery()
    )
    total = select(func.count()).select_from(counted).scalar_subquery()
    return select(_word("view", "kind"), _word(view.value, "value"), cast(total, Text).label("label"))


def _waits(name: str, counted: ColumnElement[int]) -> Select[str, str, str]:
    return select(_word("waits", "kind"), _word(name, "value"), cast(counted, Text).label("label"))


def _named(kind: str, model: Any) -> Select[str, str, str]:
    return select(
        _word(kind, "kind"), cast(model.id, Text).label("value"), cast(model.name, Text).label("label")
    )


def _currencies() -> Select[str, str, str]:
    """Each currency once, by stepping from one to the next in the index instead of reading all orders."""
    used = select(func.min(Order.currency).label("code")).cte("used", recursive=True)
    following = select(func.min(Order.currency)).where(Order.currency > used.c.code).scalar_subquery()
    used = used.union_all(select(following).where(used.c.code.is_not(null())))
    code = cast(used.c.code, Text)
    return select(_word("currency", "kind"), code.label("value"), code.label("label")).where(
        used.c.code.is_not(null())
    )


def _tags() -> Select[str, str, str]:
    """Name, colour and whether it is in use, as one text: the name comes first, so that the menu is sorted by it."""
    label = func.concat_ws(_SEPARATOR, Tag.name, Tag.colour, Tag.is_active)
    return select(_word("tag", "kind"), cast(Tag.id, Text).label("value"), label.label("label"))


def _tag(label: str) -> TagWord:
    name, colour, is_active = label.split(_SEPARATOR)
    return TagWord(name, colour, is_active == "t")


def _word(text: str, name: str) -> Any:
    return cast(literal(text, String), Text).label(name)


def _names(found: Mapping[str, list[tuple[str, str]]], kind: str) -> dict[int, str]:
    return {int(value): label for value, label in found.get(kind, ())}
