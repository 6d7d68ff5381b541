"""Changing columns by hand: only those that are named here, under the order's lock, with a version and a log entry."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import String, Table, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, AuditEntry, record
from webapp.core.db import Base
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.overtaken import told_change
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import ClientType, DeliveryType
from webapp.orders.locks import lock_order
from webapp.orders.models import Order
from webapp.orders.service.standing import touch
from webapp.orders.service.wording import listed, said_by

# Neither money nor a status: those have rules and methods of their own.
EDITABLE_COLUMNS: Final = frozenset(
    {
        "notes",
        "language_code",
        "segment",
        "has_gift_box",
        "gift_box_note",
        "delivery_type",
        "delivery_range",
        "shipping_option_slug",
        "client_type",
        "checkout_provider_id",
        "carrier_shipping_code",
        "invoice_number",
        "invoice_date",
        "e_archive_url",
        "extra_field",
    }
)
# What a customer or colleague wrote may name anybody.
_PERSONAL: Final = frozenset({"notes", "gift_box_note"})
_CHOICES: Final = {"delivery_type": frozenset(DeliveryType), "client_type": frozenset(ClientType)}


def edit_order(
    session: Session, order_id: int, columns: Mapping[str, Any], context: AuditContext, *, version: int | None
) -> Order:
    """Write these columns; what the order has already changes nothing. A pull leaves edited columns alone.

    Raises InvalidInput for a column that cannot be edited or a value it cannot hold, and Conflict when the order
    is no longer the version that was edited.
    """
    check_columns(Order, columns, EDITABLE_COLUMNS)
    order = lock_order(session, order_id, acting=context)
    check_version(session, order, version)
    changes = {name: [getattr(order, name), value] for name, value in columns.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if not changes:
        return order
    for name, (_, new) in changes.items():
        setattr(order, name, new)
    order.edited_here = sorted({*order.edited_here, *changes})
    touch(order)
    names = listed([name.replace("_", " ") for name in changes])
    record(
        session,
        context,
        "order.updated",
        subject=("order", order.id),
        order_id=order.id,
        summary=said_by(context, f"changed {names}"),
        changes=logged(changes, changes.keys() - _PERSONAL),
        personal=logged(changes, _PERSONAL),
        customer_id=order.customer_id,
    )
    session.flush()
    return order


def delivery_times(lower: datetime | None, upper: datetime | None) -> Range[datetime] | None:
    """The span as its column keeps it; None without either end. Raises InvalidInput when it ends before it begins."""
    if lower is None and upper is None:
        return None
    if lower is not None and upper is not None and upper <= lower:
        words = N_("The delivery would end before it begins.")
        raise InvalidInput(words, fields={"delivery_range": [words]})
    return Range(lower, upper)


def check_columns(model: type[Base], columns: Mapping[str, Any], editable: frozenset[str]) -> None:
    """Refuse columns that are not editable and texts that are too long, all in one InvalidInput."""
    problems: dict[str, list[str]] = {}
    for name, value in columns.items():
        if name not in editable:
            problems[name] = [N_("This cannot be changed here.")]
        elif not _fits(model, name, value):
            problems[name] = [N_("This is too long.")]
        elif name in _CHOICES and value is not None and value not in _CHOICES[name]:
            problems[name] = [said(N_("Use one of %(known)s."), known=listed(sorted(_CHOICES[name])))]
    if problems:
        raise InvalidInput(
            said(N_("Not changed: %(items)s."), items=listed(sorted(problems))), fields=problems
        )


def check_version(session: Session, order: Order, version: int | None) -> None:
    """Refuse an edit of an order that somebody has changed since; None edits whatever it is now."""
    if version is None or version == order.version:
        return
    latest = latest_change(session, order)
    who = latest.actor if latest else said(N_("Somebody"))
    raise Conflict(
        said(N_("%(who)s has changed this order meanwhile. Look at the change, then save again."), who=who),
        code="stale_version",
        details={"version": order.version, **told_change(latest)},
    )


def latest_change(session: Session, order: Order) -> AuditEntry | None:
    """What happened to the order last."""
    query = select(AuditEntry).where(AuditEntry.order_id == order.id, ~AuditEntry.refused)
    return session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).first()


def logged(changes: Mapping[str, list[Any]], names: Iterable[str]) -> dict[str, list[Any]]:
    """Old and new value of these columns as the log keeps them."""
    wanted = set(names)
    return {name: [_plain(value) for value in pair] for name, pair in changes.items() if name in wanted}


def _fits(model: type[Base], name: str, value: Any) -> bool:
    kind = cast(Table, model.__table__).c[name].type
    if not isinstance(kind, String) or kind.length is None or not isinstance(value, str):
        return True
    return len(value) <= kind.length


def _plain(value: Any) -> Any:
    """What JSON can hold; anything else as its text."""
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)
