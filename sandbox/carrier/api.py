"""/v1 of the carrier: JSON in and out, a bearer key, one effect for every reference, nothing unknown taken."""

import hmac
import sqlite3
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from sandbox.carrier.book import (
    Problem,
    count_again,
    find_shipment,
    fingerprint,
    keep_request,
    kept_request,
    move,
    new_shipment,
    send_to,
)
from sandbox.carrier.carrier import Carrier

RECEIVER = {"name", "company", "line1", "line2", "district", "city", "state", "postcode", "country", "phone"}
api = Blueprint("api", __name__, url_prefix="/v1")
# Does the wish; gives (the parcel's number, status, message).
Act = Callable[[sqlite3.Connection], tuple[str, str, str]]


def the_carrier() -> Carrier:
    carrier: Carrier = current_app.extensions["carrier"]
    return carrier


@api.before_request
def check_key() -> None:
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {the_carrier().api_key}".encode()):
        raise Problem(401, "bad_key", "The key is not valid.")


@api.errorhandler(Problem)
def show_problem(problem: Problem) -> tuple[Response, int]:
    return jsonify(problem.body()), problem.status


@api.post("/shipments")
def label() -> tuple[Response, int]:
    body = _body({"reference", "order", "receiver"})

    def act(connection: sqlite3.Connection) -> tuple[str, str, str]:
        if the_carrier().settings["refuse_labels"]:
            raise Problem(422, "not_served", "We do not deliver to this address.")
        return new_shipment(connection, str(body["order"]), body["receiver"]), "done", "Label issued."

    return _once("label", "", body, act)


@api.put("/shipments/<number>/address")
def update(number: str) -> tuple[Response, int]:
    body = _body({"reference", "receiver"})

    def act(connection: sqlite3.Connection) -> tuple[str, str, str]:
        shipment = find_shipment(connection, number)
        if shipment["status"] != "announced":
            raise Problem(409, "already_collected", "The parcel has been collected; ask for a redirect.")
        if the_carrier().settings["refuse_updates"]:
            raise Problem(409, "label_is_fixed", "This label cannot be changed.")
        _same_country(shipment, body["receiver"])
        send_to(connection, number, body["receiver"])
        return number, "done", "Address changed."

    return _once("update", number, body, act)


@api.post("/shipments/<number>/redirects")
def redirect(number: str) -> tuple[Response, int]:
    body = _body({"reference", "receiver"})
    settings = the_carrier().settings

    def act(connection: sqlite3.Connection) -> tuple[str, str, str]:
        shipment = find_shipment(connection, number)
        if shipment["status"] == "delivered":
            raise Problem(409, "delivered", "The parcel has been delivered.")
        if settings["refuse_redirects"]:
            raise Problem(409, "too_late", "The parcel is too near to its receiver.")
        _same_country(shipment, body["receiver"])
        if settings["decide_redirects_later"]:
            return number, "asked", "We have passed it on."
        send_to(connection, number, body["receiver"])
        return number, "done", "Redirected."

    return _once("redirect", number, body, act)


@api.post("/shipments/<number>/cancel")
def cancel(number: str) -> tuple[Response, int]:
    body = _body({"reference"})

    def act(connection: sqlite3.Connection) -> tuple[str, str, str]:
        if find_shipment(connection, number)["status"] not in ("announced", "cancelled"):
            raise Problem(409, "already_collected", "The parcel has been collected.")
        move(connection, number, "cancelled")
        return number, "done", "Cancelled."

    return _once("cancel", number, body, act)


@api.get("/requests/<reference>")
def look(reference: str) -> tuple[Response, int]:
    with the_carrier().database.reading() as connection:
        row = kept_request(connection, reference)
    if row is None:
        raise Problem(404, "unknown_reference", "We never had a request of this reference.")
    return _answer(row)


def _once(kind: str, number: str, body: dict[str, Any], act: Act) -> tuple[Response, int]:
    """Do it once for its reference; a refusal is kept as well."""
    reference, mark = str(body["reference"]), fingerprint(kind, number, body)
    with the_carrier().database.writing() as connection:
        row = kept_request(connection, reference)
        if row is not None and row["fingerprint"] != mark:
            raise Problem(409, "reference_reused", "This reference was used for another wish.")
        if row is not None:
            count_again(connection, reference)
            return _answer(row)
        try:
            made, status, message = act(connection)
            keep_request(
                connection, reference, mark, kind, made, status, body.get("receiver"), message=message
            )
        except Problem as no:
            keep_request(
                connection, reference, mark, kind, number, "refused", None, code=no.code, message=no.message
            )
        row = kept_request(connection, reference)
    if row is None:
        raise Problem(500, "lost", "The request was lost.")
    return _answer(row)


def _answer(row: sqlite3.Row) -> tuple[Response, int]:
    names = ("reference", "kind", "number", "status", "code", "message")
    return jsonify({name: row[name] for name in names}), 200


def _body(fields: set[str]) -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or set(body) != fields:
        raise Problem(422, "bad_body", f"Send a JSON object with {', '.join(sorted(fields))}.")
    if not 1 <= len(str(body["reference"])) <= 64:
        raise Problem(422, "bad_reference", "reference has 1 to 64 characters.")
    if "receiver" in fields:
        _check_receiver(body["receiver"])
    return body


def _check_receiver(receiver: Any) -> None:
    if not isinstance(receiver, dict) or set(receiver) != RECEIVER:
        raise Problem(422, "bad_receiver", f"receiver has {', '.join(sorted(RECEIVER))}.")
    if not (receiver["name"] or receiver["company"]) or not (receiver["line1"] and receiver["city"]):
        raise Problem(422, "incomplete_receiver", "A receiver needs a name, a street and a town.")
    if len(str(receiver["country"])) != 2:
        raise Problem(422, "bad_country", "country is an ISO 3166 alpha-2 code.")


def _same_country(shipment: sqlite3.Row, receiver: dict[str, str]) -> None:
    if f'"country": "{receiver["country"]}"' not in shipment["receiver"]:
        raise Problem(422, "other_country", "A parcel stays in its country.")
