"""Whether an answer of the API is what its specification promises: a status that is told of, in the shape of that status."""

from functools import lru_cache
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from webapp.api.app import SPECIFICATION


def check_promise(app: Flask, answer: TestResponse) -> None:
    """Fails where the specification does not know the status, or its shape is another one."""
    operation = _operation(app, answer)
    if operation is None:  # an address or a method that nobody promised
        return
    told = operation["responses"].get(str(answer.status_code))
    assert told is not None, (answer.request.path, answer.status_code, answer.text[:500])
    content = told.get("content", {}).get(answer.mimetype)
    if content is not None:
        errors = [
            f"{'.'.join(map(str, each.instance_path))}: {each.message}"
            for each in _validator(app, content["schema"]["$ref"]).iter_errors(answer.json)
        ]
        assert errors == [], (answer.request.path, errors[:5])


def _operation(app: Flask, answer: TestResponse) -> dict[str, Any] | None:
    asked = answer.request
    try:
        rule, _ = app.url_map.bind("localhost").match(asked.path, method=asked.method, return_rule=True)
    except HTTPException:
        return None
    path = rule.rule.replace("<int:", "{").replace("<uuid:", "{").replace(">", "}")
    found: dict[str, Any] | None = (
        app.extensions[SPECIFICATION]["paths"].get(path, {}).get(asked.method.lower())
    )
    return found


@lru_cache(maxsize=200)
def _validator(app: Flask, reference: str) -> Any:
    schemas = app.extensions[SPECIFICATION]["components"]["schemas"]
    return jsonschema_rs.validator_for(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": reference,
            "components": {"schemas": schemas},
        }
    )
