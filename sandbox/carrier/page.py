"""The carrier's control page at `/`: parcels, what was asked about them, faults and switches."""

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from sandbox.carrier.api import the_carrier
from sandbox.carrier.book import decide_redirect, move, requests, shipments
from sandbox.pages import LIST_FAULTS, REFUND_FAULTS, back, shared_context

SHOWN = 40
NEXT = {"announced": ("collected", "Collect"), "collected": ("delivered", "Deliver")}
page = Blueprint("page", __name__)


@page.get("/")
def show() -> str:
    carrier = the_carrier()
    with carrier.database.reading() as connection:
        parcels, asked = shipments(connection), requests(connection)
    foreign = (*LIST_FAULTS, *REFUND_FAULTS)
    return render_template(
        "carrier.html",
        **shared_context(carrier.faults, carrier.settings, carrier.journal, foreign),
        default_path="/v1/shipments*",
        parcels=parcels[:SHOWN],
        parcel_count=len(parcels),
        asked=asked[:SHOWN],
        next_move=NEXT,
    )


@page.post("/do/move")
def do_move() -> Response:
    number, status = request.form["number"], request.form["status"]
    with the_carrier().database.writing() as connection:
        move(connection, number, status)
    return back(f"{number} is {status}.")


@page.post("/do/decide")
def do_decide() -> Response:
    confirm = request.form["confirm"] == "yes"
    with the_carrier().database.writing() as connection:
        decide_redirect(connection, request.form["reference"], confirm=confirm)
    return back("Redirected." if confirm else "Refused.")
