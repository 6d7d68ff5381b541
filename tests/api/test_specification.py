"""The OpenAPI document: what is served is what lies in the repository, and every route is in it."""

import json
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from tests.client import Client
from webapp.api.app import SPECIFICATION
from webapp.api.specification import operations
from webapp.auth.roles import Permission

WRITTEN = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_the_document_when_served_then_it_is_the_one_in_the_repository(
    app: Flask, client: Client, session: Session
) -> None:
    served = client.get("/api/v1/openapi.json")

    assert served.status_code == 200
    assert served.json == json.loads(WRITTEN.read_text()), (
        "Run `python scripts/openapi.py` and look at the difference."
    )


def test_every_route_when_walked_then_it_is_in_the_document(app: Flask) -> None:
    document = app.extensions[SPECIFICATION]
    described = {(path, method.upper()) for path, method, _ in operations(document)}
    routed = {
        (rule.rule.replace("<int:", "{").replace("<uuid:", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api.specification"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert described == routed


def test_every_reference_when_followed_then_its_shape_is_there(app: Flask) -> None:
    document = app.extensions[SPECIFICATION]
    named = {name.rpartition("/")[2] for name in _references(document)}

    assert named - document["components"]["schemas"].keys() == set()
    assert document["components"]["schemas"].keys() - named == {"Order", "DraftedPlan"} - named


def test_every_operation_when_read_then_it_has_words_and_tells_its_refusals(app: Flask) -> None:
    for path, method, operation in operations(app.extensions[SPECIFICATION]):
        told = operation["responses"]
        assert operation["summary"], (path, method)
        assert {"401", "403", "429"} <= told.keys(), (path, method)
        names = {each["name"] for each in operation.get("parameters", [])}
        assert ("Idempotency-Key" in names) is (method == "post"), (path, method)


def test_every_operation_when_read_then_it_says_which_permission_it_needs(app: Flask) -> None:
    told = {
        f"{method} {path}": operation["description"].rpartition("`")[0].rpartition("`")[2]
        for path, method, operation in operations(app.extensions[SPECIFICATION])
    }

    assert set(told.values()) <= set(Permission)
    assert told["get /api/v1/orders/{pk}/"] == "orders.view"
    assert told["post /api/v1/refunds/{pk}/evidence/"] == "refund.manual"


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for part in value.values() for each in _references(part)]
    return [each for part in value for each in _references(part)] if isinstance(value, list) else []
