"""Hangs `/api/v1` into the application and puts its specification together."""

import re
from typing import Any, Final

from flask import Flask, Response, current_app, jsonify
from flask_smorest import Api

from webapp.api import docs, fields, idempotency
from webapp.api.resources import RESOURCES
from webapp.api.shapes import ALL
from webapp.api.specification import complete
from webapp.auth.permissions import demand_of, public

PREFIX: Final = "/api/v1"
SPECIFICATION: Final = "kontor_openapi"
_PARAMETER: Final = re.compile(r"<\w+:(\w+)>")


class HouseApi(Api):
    """flask-smorest without its own answers to errors: ui/errors.py gives the house's."""

    def _register_error_handlers(self) -> None:
        """Nothing to register."""


def init_api(app: Flask) -> None:
    """Register every resource, the specification and its page."""
    app.config.update(API_TITLE="Kontor", API_VERSION="1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX=None)
    api = HouseApi(app)
    api.ma_plugin.converter.add_attribute_function(_describe)
    for name, shape in ALL.items():
        api.spec.components.schema(name, shape)
    for prefix, resource in RESOURCES:
        api.register_blueprint(resource, url_prefix=f"{PREFIX}{prefix}")
    app.extensions[SPECIFICATION] = complete(api.spec.to_dict(), _permissions(app))
    app.add_url_rule(f"{PREFIX}/openapi.json", "api.specification", specification)
    app.register_blueprint(docs.blueprint)
    idempotency.init_idempotency(app)


@public
def specification() -> Response:
    """The OpenAPI document. Public: it says what the product can, not what anybody did with it."""
    return jsonify(current_app.extensions[SPECIFICATION])


def _permissions(app: Flask) -> dict[tuple[str, str], str]:
    """What each operation, by its path and method as the document writes them, demands of the token."""
    return {
        (_PARAMETER.sub(r"{\1}", rule.rule), method.lower()): str(demand_of(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in rule.methods or ()
    }


def _describe(_converter: Any, field: Any, **_options: Any) -> dict[str, Any]:
    return fields.described(field)
