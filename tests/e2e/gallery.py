"""Pages that show every shared part of the interface at once, so that the shell is tested without waiting for orders.

Served by the browser tests beside the product's own pages; no part of the product.
"""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from webapp.auth.permissions import signed_in
from webapp.core.errors import Conflict
from webapp.orders.enums import OrderStatus
from webapp.ui.charts import bar_chart
from webapp.ui.filters import ChoicePill, DayPill, Option, read_choices, read_days
from webapp.ui.htmx import close_dialog, render, toast, trigger
from webapp.ui.tables import page_of

blueprint = Blueprint("gallery", __name__, template_folder="templates")

PLACED = datetime(2026, 11, 23, 8, 32, tzinfo=UTC)
NAMES = ("Elif Al-Harbi", "Elif Yılmaz", "Gül Özdemir", "Emre Koç", "ليلى حداد", "Jürgen Groß", "Deniz Şahin")
CHANNELS = ("Web shop TR", "Web shop KSA", "Noon", "In-store POS")


class Counter:
    """How often something was asked for, over all server threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self) -> int:
        with self._lock:
            self.value += 1
            return self.value


posts, polls = Counter(), Counter()
release = threading.Event()


class ReasonForm(FlaskForm):
    reason = SelectField(
        "Reason",
        [DataRequired("Choose why the order is cancelled")],
        choices=[SelectChoice("", "Choose a reason"), SelectChoice("late", "Too late")],
    )
    note = StringField("Note")


def _rows() -> list[dict[str, object]]:
    statuses = [status for status in OrderStatus if status.value >= 100]
    return [
        {
            "id": n,
            "number": f"15357885200{n * 7919:05d}",
            "placed": PLACED - timedelta(minutes=17 * n),
            "customer": NAMES[n % len(NAMES)],
            "channel": CHANNELS[n % len(CHANNELS)],
            "status": statuses[n % len(statuses)],
            "items": n % 7 + 1,
            "amount": Decimal(829855 - 12345 * n) / 100,
            "currency": ("TRY", "SAR", "IQD")[n % 3],
            "tracking": f"43191{n:05d}" if n % 2 else None,
            "not_sent": n == 5,
        }
        for n in range(50)
    ]


@blueprint.get("/gallery")
@signed_in
def index() -> ResponseReturnValue:
    statuses = [Option(status.wire, status.label, status.dot) for status in OrderStatus]
    pills = [
        ChoicePill(
            "status", "Status", statuses, read_choices(request.args, "status", [s.wire for s in OrderStatus])
        ),
        ChoicePill(
            "channel",
            "Channel",
            [Option(c, c) for c in CHANNELS],
            read_choices(request.args, "channel", CHANNELS),
        ),
        DayPill("placed", "Placed", read_days(request.args, "placed")),
    ]
    page = page_of([*_rows(), {}], sort="placed", key=lambda row: (PLACED, int(str(row["id"]))), after=None)
    return render("gallery/index.html", "gallery/_list.html", rows=page.rows, page=page, pills=pills)


@blueprint.get("/gallery/parts")
@signed_in
def parts() -> ResponseReturnValue:
    chart = bar_chart(
        "Orders a day", [(f"{day} Nov", day * 13 % 40, str(day * 13 % 40)) for day in range(1, 24)]
    )
    form = ReasonForm(data={"reason": ""})
    form.validate()
    return render_template("gallery/parts.html", chart=chart, form=form, at=PLACED)


@blueprint.get("/gallery/<int:n>/peek")
@signed_in
def peek(n: int) -> ResponseReturnValue:
    return render_template("gallery/_peek.html", row=_rows()[n])


@blueprint.get("/gallery/dialog")
@signed_in
def dialog() -> ResponseReturnValue:
    return render_template("gallery/_dialog.html", form=ReasonForm(formdata=None))


@blueprint.post("/gallery/dialog")
@signed_in
def submit_dialog() -> ResponseReturnValue:
    form = ReasonForm()
    if not form.validate():
        return render_template("gallery/_dialog.html", form=form), 422
    if request.form.get("note") == "refuse":
        raise Conflict("Ece Kaya approved this plan two minutes ago.")
    if request.form.get("note") == "break":
        raise RuntimeError("secret detail of a bug")
    response = make_response("", 204)
    trigger(response, "gallery:changed")
    return close_dialog(toast(response, "Cancellation plan opened for 15357885200000"))


@blueprint.post("/gallery/slow")
@signed_in
def slow() -> ResponseReturnValue:
    """Answers when the test says so, and counts how often it was asked."""
    posts.add()
    release.wait(20)
    return f'<p id="slow-answer">{posts.value}</p>'


@blueprint.get("/gallery/live")
@signed_in
def live() -> ResponseReturnValue:
    return render_template("gallery/_live.html", done=min(polls.add(), 3))
