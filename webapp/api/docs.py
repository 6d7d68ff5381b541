"""The page that shows the specification: Swagger UI from our own files, for whoever is signed in."""

from flask import Blueprint, Response, make_response, render_template

from webapp.auth.permissions import Permission, can, signed_in

blueprint = Blueprint("api_docs", __name__, url_prefix="/settings/api")


@blueprint.get("/")
@signed_in
def index() -> Response:
    """Every operation with its fields; tried out with a token that is typed in."""
    may = can(Permission.API_TOKENS)
    return make_response(render_template("settings/api_docs.html", can_make_tokens=may))
