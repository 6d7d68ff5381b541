"""Sets up everything that pages share, in the order it has to be, and the words every template may use."""

from typing import Any

from flask import Flask, current_app, url_for

from webapp.auth.permissions import can, staff_or_none
from webapp.auth.roles import Permission
from webapp.core.settings import Settings
from webapp.ui.assets import init_assets
from webapp.ui.errors import init_errors
from webapp.ui.escaping import PageCode
from webapp.ui.formatting import init_formatting
from webapp.ui.htmx import init_htmx
from webapp.ui.i18n import init_i18n
from webapp.ui.navigation import init_navigation
from webapp.ui.security import init_security
from webapp.ui.tables import here

SEARCH_PAGE = "orders.index"
LIVE_OPERATIONS = "operations.live"


def init_ui(app: Flask, settings: Settings) -> None:
    """Call it before any blueprint is registered: CSRF and headers must cover them all."""
    app.jinja_env.code_generator_class = PageCode
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    init_security(app, settings)
    init_i18n(app)
    init_htmx(app)
    init_assets(app)
    init_formatting(app)
    init_navigation(app)
    init_errors(app)
    app.jinja_env.globals.update(here=here, can=can, Permission=Permission)
    app.context_processor(_shell)


def _shell() -> dict[str, Any]:
    return {
        "staff": staff_or_none(),
        "search_url": _page_for(SEARCH_PAGE, Permission.ORDERS_VIEW),
        "live_url": _page_for(LIVE_OPERATIONS, Permission.OPERATIONS_VIEW),
    }


def _page_for(endpoint: str, permission: Permission) -> str | None:
    """The address of a page of another area; None when it is not there or not for this reader."""
    exists = endpoint in current_app.view_functions
    return url_for(endpoint) if exists and can(permission) else None
