"""The sidebar: what is where, for whom. An entry is shown when its page exists and the reader may open it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app, request, url_for

from webapp.auth.permissions import can
from webapp.auth.roles import Permission
from webapp.core.text import N_
from webapp.ui.formatting import count
from webapp.ui.i18n import gettext

_BADGES = "kontor_navigation_badges"
_AREAS = "kontor_navigation_areas"


@dataclass(frozen=True)
class Entry:
    """One line of the sidebar; `endpoint` names its page, `label` is an English message id."""

    label: str
    endpoint: str
    permission: Permission
    icon: str


@dataclass(frozen=True)
class Section:
    """Entries under a small heading; the first section has none."""

    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Link:
    """An entry as the template shows it."""

    label: str
    url: str
    icon: str
    current: bool
    badge: str  # empty where nothing waits


SECTIONS = (
    Section(
        "",
        (
            Entry(N_("Orders"), "orders.index", Permission.ORDERS_VIEW, "shopping-cart"),
            Entry(N_("Attention"), "attention.index", Permission.ORDERS_VIEW, "bell"),
            Entry(N_("Mentions"), "mentions.index", Permission.ORDERS_VIEW, "notes"),
            Entry(N_("Cancellations"), "cancellations.index", Permission.ORDERS_VIEW, "receipt-refund"),
            Entry(N_("Finance"), "finance.by_hand", Permission.REFUND_MANUAL, "credit-card"),
            Entry(N_("Tracking upload"), "tracking.index", Permission.TRACKING_UPLOAD, "truck-delivery"),
            Entry(N_("Operations"), "operations.index", Permission.OPERATIONS_VIEW, "list-check"),
        ),
    ),
    Section(
        N_("Insights"),
        (
            Entry(N_("Dashboard"), "dashboard.index", Permission.DASHBOARD_VIEW, "chart-bar"),
            Entry(N_("Audit"), "audit.index", Permission.AUDIT_VIEW, "history"),
        ),
    ),
    Section(
        N_("Settings"),
        (
            Entry(N_("Channels"), "channels.index", Permission.CHANNELS_VIEW, "building-store"),
            Entry(N_("Carrier accounts"), "carriers.index", Permission.CARRIERS_MANAGE, "truck"),
            Entry(N_("Staff"), "staff.index_view", Permission.STAFF_MANAGE, "users"),
            Entry(N_("Reference data"), "reference.index", Permission.REFERENCE_MANAGE, "database"),
            Entry(N_("Approval limits"), "approval_limits.index", Permission.SETTINGS_LIMITS, "shield-check"),
            Entry(N_("Webhooks"), "webhooks.index", Permission.WEBHOOKS_MANAGE, "link"),
            Entry(N_("API and keys"), "tokens.index", Permission.API_TOKENS, "api"),
        ),
    ),
)


def init_navigation(app: Flask) -> None:
    """Give templates `navigation()`."""
    app.jinja_env.globals["navigation"] = navigation


def set_badge(app: Flask, endpoint: str, counted: Callable[[], int]) -> None:
    """Show a number beside an entry, unless it is 0. It is asked on every page: it must have been counted already."""
    app.extensions.setdefault(_BADGES, {})[endpoint] = counted


def set_area(app: Flask, blueprint: str, area: str) -> None:
    """Mark another blueprint's entry as the current one on this blueprint's pages."""
    app.extensions.setdefault(_AREAS, {})[blueprint] = area


def navigation() -> list[tuple[str, list[Link]]]:
    """The sections that have something for this reader: (heading, links)."""
    shown = (
        (section.label, [_link(entry) for entry in section.entries if _open_to_reader(entry)])
        for section in SECTIONS
    )
    return [(gettext(label) if label else "", links) for label, links in shown if links]


def first_page() -> str:
    """Where a reader starts: the first entry they may open, else their profile."""
    for section in SECTIONS:
        for entry in section.entries:
            if _open_to_reader(entry):
                return url_for(entry.endpoint)
    return url_for("auth.profile")


def _open_to_reader(entry: Entry) -> bool:
    return entry.endpoint in current_app.view_functions and can(entry.permission)


def _link(entry: Entry) -> Link:
    area = entry.endpoint.rpartition(".")[0]
    badges: dict[str, Callable[[], int]] = current_app.extensions.get(_BADGES, {})
    count_of = badges.get(entry.endpoint)
    waiting = count_of() if count_of else 0
    return Link(
        label=gettext(entry.label),
        url=url_for(entry.endpoint),
        icon=entry.icon,
        current=area in (request.blueprint, current_app.extensions.get(_AREAS, {}).get(request.blueprint)),
        badge=count(waiting) if waiting else "",
    )
