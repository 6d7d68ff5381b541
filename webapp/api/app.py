"""Hangs `/api/v1` into the application and puts its specification together."""

from typing import Any, Final

from flask import Flask, Response, current_app, jsonify
from flask_smorest import Api

from webapp.api import docs, fields, idempotency
from webapp.api.resources import RESOURCES
from webapp.api.shapes import ALL
from webapp.api.specification import complete
from webapp.auth.permissions import public

PREFIX: Final = "/api/v1"
SPECIFICATION: Final = "kontor_openapi"


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
    app.extensions[SPECIFICATION] = complete(api.spec.to_dict())
    app.add_url_rule(f"{PREFIX}/openapi.json", "api.specification", specification)
    app.register_blueprint(docs.blueprint)
    idempotency.init_idempotency(app)


@public
def specification() -> Response:
    """The OpenAPI document. Public: it says what the product can, not what anybody did with it."""
    return jsonify(current_app.extensions[SPECIFICATION])


def _describe(_converter: Any, field: Any, **_options: Any) -> dict[str, Any]:
    return fields.described(field)
