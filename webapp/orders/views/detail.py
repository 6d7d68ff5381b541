"""One order: its page, and the parts of it that are asked for one by one."""

from decimal import Decimal
from typing import Any, Final

from flask import Response, request
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, can, channel_scope, current_staff, requires
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.ids import LARGEST_ID
from webapp.core.text import N_
from webapp.orders.enums import (
    LEFT_STATUSES,
    LIVE_STATUSES,
    AttentionKind,
    ClientType,
    DeliveryType,
    OrderStatus,
)
from webapp.orders.forms import NoteForm
from webapp.orders.locks import unread_notes
from webapp.orders.pricing import item_total
from webapp.orders.queries import detail, timeline
from webapp.orders.queries.criteria import Scope
from webapp.orders.queries.detail_statements import Part
from webapp.orders.queries.plan_queue import wishes_of
from webapp.orders.queries.teamwork import NOBODY, teamwork_of
from webapp.orders.queries.vendors import vendor_parts
from webapp.orders.service.stock import can_reserve
from webapp.orders.views.address_lines import shown_addresses
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.deeds import moving_ctx
from webapp.orders.views.explanation import explained
from webapp.orders.views.happened import told
from webapp.orders.views.items import item_lines, parcels, peek_line
from webapp.orders.views.money import paid, sums, went_back
from webapp.orders.views.shown import Worder, worded
from webapp.orders.views.told_words import told_lines
from webapp.ui.formatting import short_day
from webapp.ui.htmx import render
from webapp.ui.i18n import reader_zone

_SHARED: Final = {Part.TAGS, Part.ASSIGNMENT}


@blueprint.get("/<int:order_id>")
@requires(Permission.ORDERS_VIEW)
def show(order_id: int) -> Response:
    """The page of one order; its fragment is what changes when the channel or a colleague does something."""
    return render(
        "orders/show.html", "orders/_order.html", **show_ctx(db.session(), order_id, channel_scope())
    )


def show_ctx(session: Session, order_id: int, scope: Scope) -> dict[str, Any]:
    """Everything the page shows; what the order has not is not asked for. Raises NotFound."""
    head = _head(session, order_id, scope)
    order = head.order
    items = detail.items(session, order.id)
    payments = detail.payments(session, order.id)
    packages = detail.packages(session, order.id) if Part.PACKAGES in head.has else []
    worder = Worder()
    return {
        "head": head,
        "order": order,
        "order_id": order.id,
        "words": worder.words(order),
        "lines": item_lines(items, of_order=head.external_status),
        "sums": sums(order, detail.discounts(session, order.id) if Part.DISCOUNTS in head.has else ()),
        "missing": _missing(order, items),
        "payments": [paid(payment) for payment in payments],
        "refunds": [went_back(refund) for payment in payments for refund in payment.refunds],
        "parcels": parcels(head, items, packages),
        "package_numbers": {package.id: package.number for package, _ in packages},
        "order_status": OrderStatus,
        "can_refresh": order.remote_id is not None,
        "can_cancel": any(item.row.status in LIVE_STATUSES for item in items) or Part.WISHES in head.has,
        "client_type": worded(ClientType, order.client_type),
        "delivery_type": worded(DeliveryType, order.delivery_type),
        "form": NoteForm(formdata=None),
        **team_ctx(session, head),
        **_waiting_ctx(session, head),
        **_carrier_ctx(session, head, items),
        **moving_ctx(head, items, payments),
        **timeline_ctx(session, head),
    }


def _waiting_ctx(session: Session, head: detail.OrderHead) -> dict[str, Any]:
    """What waits for somebody, or for the channel: words to read, wishes, messages, a new address."""
    has, order_id = head.has, head.order.id
    changes = detail.waiting_addresses(session, order_id) if Part.ADDRESS_CHANGE in has else ()
    return {
        "unread": unread_notes(session, order_id, current_staff().id) if Part.MUST_READ in has else (),
        "attention": detail.open_attention(session, order_id) if Part.ATTENTION in has else (),
        "attention_label": lambda entry: worded(AttentionKind, entry.kind),
        "wishes": len(wishes_of(session, order_id)) if Part.WISHES in has else 0,
        "told": told_lines(detail.told_actions(session, order_id)) if Part.TOLD in has else (),
        "vendors": vendor_parts(session, order_id) if Part.VENDORS in has else (),
        "refresh": detail.open_refresh(session, order_id) if Part.REFRESH in has else None,
        **shown_addresses(head, changes),
    }


def _carrier_ctx(session: Session, head: detail.OrderHead, items: list[detail.Item]) -> dict[str, Any]:
    """Whom a parcel of what has not left could go with, and what carriers have been asked."""
    is_here = any(item.row.status in LIVE_STATUSES - LEFT_STATUSES for item in items)
    return {
        "carriers": detail.connected_carriers(session) if Part.CARRIER in head.has and is_here else (),
        "errands": detail.open_errands(session, head.order.id) if Part.ERRANDS in head.has else (),
    }


def team_ctx(session: Session, head: detail.OrderHead) -> dict[str, Any]:
    """Who looks after the order, whether their day has passed by the reader's calendar, and the tags."""
    team = teamwork_of(session, head.order.id) if head.has & _SHARED else NOBODY
    today = utc_now().astimezone(reader_zone()).date()
    late = team.assignee_id is not None and team.due_on is not None and team.due_on < today
    return {"team": team, "is_overdue": late, "due": short_day(team.due_on) if team.due_on else ""}


def timeline_ctx(session: Session, head: detail.OrderHead) -> dict[str, Any]:
    """The newest notes and entries of an order."""
    order_id, channel = head.order.id, head.channel.name
    entries = timeline.entries(session, order_id)
    return {
        "notes": timeline.notes(session, order_id) if Part.NOTES in head.has else timeline.NOTHING,
        "entries": [told(entry, channel, head.order.currency) for entry in entries.rows],
        "older_entries": entries.before_id,
    }


@blueprint.get("/<int:order_id>/peek")
@requires(Permission.ORDERS_VIEW)
def peek(order_id: int) -> Response:
    """The row that opens under an order in the list."""
    found = detail.peek(db.session(), order_id, channel_scope())
    lines = [peek_line(row) for row in found.items]
    return part_of_page("orders/_peek.html", in_table=True, order=found.order, lines=lines)


@blueprint.get("/<int:order_id>/items/<int:item_id>/price")
@requires(Permission.ORDERS_VIEW)
def price(order_id: int, item_id: int) -> Response:
    """How one row's price came about."""
    session = db.session()
    order = _head(session, order_id, channel_scope()).order
    items = detail.items(session, order_id)
    position = next((at for at, item in enumerate(items) if item.row.id == item_id), None)
    if position is None:
        raise NotFound(N_("This order has no such item."))
    row, lines = items[position].row, explained(items, position, detail.discounts(session, order_id))
    return part_of_page(
        "orders/_price.html",
        in_table=True,
        order=order,
        item=row,
        lines=lines,
        may_stock=can(Permission.ORDERS_CHANGE_STATUS) and can_reserve(row),
        may_cancel=can(Permission.CANCEL_OPEN) and row.status in LIVE_STATUSES,
    )


@blueprint.get("/<int:order_id>/notes")
@requires(Permission.ORDERS_VIEW)
def notes(order_id: int) -> Response:
    """Older notes."""
    session = db.session()
    order = _head(session, order_id, channel_scope()).order
    found = timeline.notes(session, order_id, before_id=_before())
    return part_of_page("orders/_notes.html", order=order, notes=found)


@blueprint.get("/<int:order_id>/timeline")
@requires(Permission.ORDERS_VIEW)
def older(order_id: int) -> Response:
    """Older entries of the timeline."""
    session = db.session()
    head = _head(session, order_id, channel_scope())
    found = timeline.entries(session, order_id, before_id=_before())
    entries = [told(entry, head.channel.name, head.order.currency) for entry in found.rows]
    return part_of_page(
        "orders/_entries.html", order=head.order, entries=entries, older_entries=found.before_id
    )


@blueprint.get("/<int:order_id>/payload")
@requires(Permission.ORDERS_RAW_PAYLOAD)
def payload(order_id: int) -> Response:
    """What the channel sent last, figure for figure."""
    session = db.session()
    head = _head(session, order_id, channel_scope())
    record, text = detail.raw_payload(session, order_id) or (None, "")
    return part_of_page(
        "orders/_payload.html", order=head.order, channel=head.channel, record=record, text=text
    )


def part_of_page(fragment: str, *, status: int = 200, in_table: bool = False, **context: Any) -> Response:
    """A part of the page for htmx; without a script the part on a page of its own."""
    return render("orders/part.html", fragment, status=status, part=fragment, in_table=in_table, **context)


def _head(session: Session, order_id: int, scope: Scope) -> detail.OrderHead:
    return detail.head(session, order_id, scope)


def _before() -> int | None:
    before = request.args.get("before", type=int)
    return before if before is not None and 0 < before <= LARGEST_ID else None


def _missing(order: Any, items: list[detail.Item]) -> dict[str, Decimal] | None:
    """What shop and parts say where they disagree; None when they agree."""
    if not order.money_mismatch:
        return None
    parts = sum((item_total(item.row) for item in items), Decimal(0))
    return {"shop": order.amount, "parts": parts, "difference": order.amount - parts}
