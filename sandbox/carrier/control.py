"""/_control of the carrier: what a driver does, what a person decides, and every request with how often it came."""

from flask import Blueprint, Response, jsonify, request

from sandbox.carrier.api import the_carrier
from sandbox.carrier.book import decide_redirect, move, requests, shipments

control = Blueprint("control", __name__, url_prefix="/_control")


@control.get("/shipments")
def list_shipments() -> Response:
    with the_carrier().database.reading() as connection:
        return jsonify(shipments(connection))


@control.get("/asked")
def list_asked() -> Response:
    """Every request, newest first."""
    with the_carrier().database.reading() as connection:
        return jsonify(requests(connection))


@control.post("/shipments/<number>/move")
def move_shipment(number: str) -> tuple[str, int]:
    with the_carrier().database.writing() as connection:
        move(connection, number, str(request.get_json()["status"]))
    return "", 204


@control.post("/redirects/<reference>/decide")
def decide(reference: str) -> tuple[str, int]:
    with the_carrier().database.writing() as connection:
        decide_redirect(connection, reference, confirm=bool(request.get_json()["confirm"]))
    return "", 204
