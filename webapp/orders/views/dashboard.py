"""The dashboard: orders and money by day and channel, how many were cancelled, and how long things wait."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.clock import utc_now
from webapp.core.db import db
from webapp.core.remembered import Remembered
from webapp.core.settings import Settings
from webapp.orders.queries import attention, dashboard, plan_queue
from webapp.orders.queries.criteria import Scope
from webapp.orders.queries.dashboard import Figures, Span
from webapp.ui.charts import BarChart, bar_chart
from webapp.ui.formatting import amount_text, duration, number, short_day
from webapp.ui.htmx import render
from webapp.ui.i18n import gettext, reader_zone

DAYS: Final = (7, 14, 28)
KEPT_S: Final = 60.0  # The figures behind it are summed up every five minutes.
_REMEMBERED: Final = "kontor_dashboard"

blueprint = Blueprint("dashboard", __name__, url_prefix="/dashboard")


@blueprint.record_once
def _remember(state: BlueprintSetupState) -> None:
    settings: Settings = state.app.extensions["kontor_settings"]
    state.app.extensions[_REMEMBERED] = Remembered(min(KEPT_S, settings.timing.counts_s * 12))


@blueprint.get("/")
@requires(Permission.DASHBOARD_VIEW)
def index() -> Response:
    """The last days as far as the reader's channels go; `days` is 7, 14 or 28, `currency` one that there is."""
    return render("dashboard/index.html", "dashboard/_all.html", **index_ctx(db.session()))


def index_ctx(session: Session) -> dict[str, Any]:
    """Charts, the table of channels, and what waits."""
    scope, now = channel_scope(), utc_now()
    days = request.args.get("days", type=int)
    span = Span.until_today(days if days in DAYS else DAYS[1], now, reader_zone())
    remembered: Remembered = current_app.extensions[_REMEMBERED]
    currencies = remembered.get(
        ("currencies", scope, span), lambda: dashboard.currencies(session, span, scope)
    )
    asked = request.args.get("currency", "")
    currency = asked if asked in currencies else next(iter(currencies), "")
    by_day, by_channel, waits = remembered.get(
        ("figures", scope, span, currency),
        lambda: (
            dashboard.by_day(session, span, scope, currency),
            dashboard.by_channel(session, span, scope, currency),
            dashboard.waiting_times(session, now, scope),
        ),
    )
    return {
        "span": span,
        "days": len(span.days),
        "choices": DAYS,
        "currencies": currencies,
        "currency": currency,
        "total": _total(by_day),
        "channels": by_channel,
        "orders_chart": _orders_chart(by_day),
        "amount_chart": _amount_chart(by_day, currency),
        "decision": None if waits.decision_s is None else duration(timedelta(seconds=waits.decision_s)),
        "payback": None if waits.payback_s is None else duration(timedelta(seconds=waits.payback_s)),
        "percent": _percent,
        **_waiting(session, scope),
    }


def _waiting(session: Session, scope: Scope) -> dict[str, Any]:
    """What somebody has to do now, counted afresh: people look here to see whether it grows less."""
    return {
        "queue": plan_queue.count_queue(session, scope),
        "tab": plan_queue.QueueTab,
        "counts": attention.counts(session, scope, utc_now()),
    }


def _total(by_day: Mapping[date, Figures]) -> Figures:
    days = by_day.values()
    return Figures(
        orders=sum(each.orders for each in days),
        cancelled=sum(each.cancelled for each in days),
        amount=sum((each.amount for each in days), Decimal(0)),
        refunded=sum((each.refunded for each in days), Decimal(0)),
    )


def _orders_chart(by_day: Mapping[date, Figures]) -> BarChart:
    bars = [(short_day(day), each.orders, number(each.orders)) for day, each in by_day.items()]
    return bar_chart(gettext("Orders a day"), bars)


def _amount_chart(by_day: Mapping[date, Figures], currency: str) -> BarChart:
    bars = [
        (short_day(day), max(0, int(each.amount)), f"{amount_text(each.amount, currency)} {currency}")
        for day, each in by_day.items()
    ]
    return bar_chart(gettext("Amount a day in %(currency)s", currency=currency), bars)


def _percent(figures: Figures) -> str:
    """`4.2 %` of the orders were cancelled; a dash where none was placed."""
    if not figures.orders:
        return "—"
    return f"{number(Decimal(figures.cancelled_per_mille) / 10)} %"
