"""The part of the control page that both servers share: faults, switches, requests, and their buttons.

Plain forms that post and come back, so it works in any browser without scripts.
"""

from typing import Any

from flask import Blueprint, flash, redirect, request
from werkzeug.wrappers import Response

from sandbox.faults import FaultKind, FaultPlan
from sandbox.journal import Journal
from sandbox.settings import ORDERS, Settings

RECENT_REQUESTS = 30
# What each fault means to the person who switches it on.
FAULT_WORDS = {
    FaultKind.NONE: "let one through",
    FaultKind.SLOW: "slow: wait, then work and answer",
    FaultKind.HANG_BEFORE: "hang, nothing done, no answer",
    FaultKind.HANG_AFTER: "work at once, answer late",
    FaultKind.EFFECT_LATE: "work after the wait, no answer",
    FaultKind.TOO_MANY: "429 with Retry-After",
    FaultKind.UNAVAILABLE: "503",
    FaultKind.ERROR_BEFORE: "500, nothing done",
    FaultKind.ERROR_AFTER: "500 although it was done",
    FaultKind.HTML_200: "HTML page with status 200",
    FaultKind.HTML_500: "HTML page with status 500",
    FaultKind.ERROR_200: "a JSON error with status 200, nothing done",
    FaultKind.OTHER_ID: "done, but the answer has another id",
    FaultKind.RESET_BEFORE: "connection reset, nothing done",
    FaultKind.RESET_AFTER: "connection reset after it was done",
    FaultKind.TRUNCATED: "half of the JSON",
    FaultKind.CUT_OFF: "answer cut off in the middle",
    FaultKind.REPEATED_PAGE: "the page before once more",
    FaultKind.DUPLICATE_ROWS: "every row twice",
    FaultKind.CHANGE_BETWEEN_PAGES: "orders change after the page",
    FaultKind.BUSY: "works long; the same key meanwhile gets 409",
    FaultKind.ERROR_STORED: "500 although it was done, remembered under the key",
    FaultKind.PENDING_SETTLES: "refund pending, succeeds after the wait",
    FaultKind.PENDING_FAILS: "refund pending, fails after the wait",
}
SWITCH_WORDS = {
    "webhook_hold": "Hold events back",
    "webhook_order": "Order of events",
    "webhook_copies": "Copies of each event",
    "basic_over_http": "Basic sign-in over http",
    "fulfillments": "Order fulfilments feature",
    "shipment_tracking": "Shipment tracking extension",
    "refund_race_ms": "Refund race, ms",
    "every": "Something happens every, s",
    "key_lifetime_s": "Keys are kept for, s",
    "iyzico_report_delay_s": "iyzico reports lag by, s",
    "iyzico_error_status": "iyzico refusals answer with",
    "refuse_labels": "Refuse labels",
    "refuse_updates": "Refuse new addresses",
    "refuse_redirects": "Refuse redirects",
    "decide_redirects_later": "Decide redirects by hand",
}
LIST_FAULTS = (FaultKind.REPEATED_PAGE, FaultKind.DUPLICATE_ROWS, FaultKind.CHANGE_BETWEEN_PAGES)
REFUND_FAULTS = (FaultKind.BUSY, FaultKind.ERROR_STORED, FaultKind.PENDING_SETTLES, FaultKind.PENDING_FAILS)


def shared_context(
    faults: FaultPlan, settings: Settings, journal: Journal, foreign: tuple[FaultKind, ...]
) -> dict[str, Any]:
    """`foreign`: the kinds that this server does not play."""
    return {
        "rules": faults.rules(),
        "kinds": {kind: words for kind, words in FAULT_WORDS.items() if kind not in foreign},
        "settings": settings.all(),
        "switch_words": SWITCH_WORDS,
        "webhook_orders": ORDERS,
        "requests": list(reversed(journal.read()))[:RECENT_REQUESTS],
    }


def shared_actions(faults: FaultPlan, settings: Settings) -> Blueprint:
    """The buttons; each does one thing and shows the page again."""
    actions = Blueprint("actions", __name__, url_prefix="/do")

    @actions.post("/fault")
    def add_fault() -> Response:
        faults.add({name: value for name, value in request.form.items() if value})
        return back("Fault switched on.")

    @actions.post("/calm")
    def calm() -> Response:
        faults.clear(request.form.get("rule", type=int))
        return back("Fault switched off.")

    @actions.post("/switch")
    def switch() -> Response:
        settings.change({request.form["name"]: request.form["value"]})
        return back("Switched.")

    return actions


def back(words: str) -> Response:
    flash(words)
    return redirect("/", 303)
