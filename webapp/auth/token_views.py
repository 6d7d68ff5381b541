"""The page of API tokens: make one for oneself, see what each may and when it was used, revoke any."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.auth import tokens
from webapp.auth.forms import TokenForm, add_errors
from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.auth.tokens import NewToken
from webapp.channels.queries import channel_names, vendor_names
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.ui.htmx import redirect, toast

blueprint = Blueprint("tokens", __name__, url_prefix="/settings/tokens")


@blueprint.get("/")
@requires(Permission.API_TOKENS)
def index() -> Response:
    """Every token, and the form for a new one."""
    return _page(_form(db.session()))


@blueprint.post("/")
@requires(Permission.API_TOKENS)
def create() -> Response:
    """Make a token and show it, this once."""
    form = _form(db.session())
    if not form.validate():
        return _page(form, status=422)
    try:
        with unit_of_work() as session:
            secret, _id = tokens.create_token(session, audit_context(), current_staff().id, _wanted(form))
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(form, status=422)
    return _page(_form(db.session(), submitted=False), secret=secret)


@blueprint.post("/<int:token_id>/revoke")
@requires(Permission.API_TOKENS)
def revoke(token_id: int) -> Response:
    """End a token at once; a second click changes nothing."""
    with unit_of_work() as session:
        tokens.revoke_token(session, audit_context(), token_id)
    return toast(redirect(url_for(".index")), _("The token was revoked."))


def _form(session: Session, *, submitted: bool = True) -> TokenForm:
    form = TokenForm() if submitted else TokenForm(formdata=None)
    form.permissions.choices = [(each.value, _(each.label)) for each in tokens.may_grant(current_staff())]
    form.channels.choices = [
        (str(key), name) for key, name in channel_names(session, channel_scope()).items()
    ]
    vendors = [(str(key), name) for key, name in vendor_names(session).items()]
    form.vendor.choices = [("", _("no vendor's: a program of ours")), *vendors]
    return form


def _wanted(form: TokenForm) -> NewToken:
    return NewToken(
        name=form.name.data,
        permissions=frozenset(map(Permission, form.permissions.data)),
        channel_ids=frozenset(map(int, form.channels.data)) if form.only_some.data else None,
        requests_per_minute=form.requests_per_minute.data,
        days=form.days.data,
        data_source_id=int(form.vendor.data) if form.vendor.data else None,
    )


def _page(form: TokenForm, *, secret: str = "", status: int = 200) -> Response:
    session = db.session()
    context: dict[str, Any] = {
        "form": form,
        "secret": secret,
        "tokens": tokens.tokens(session),
        "channels": channel_names(session, None),
        "vendors": vendor_names(session),
    }
    return make_response(render_template("settings/tokens.html", **context), status)
