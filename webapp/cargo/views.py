"""Accounts at carriers: the list, one account with its test, connecting, changing, switching off."""

from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.forms import add_errors
from webapp.auth.permissions import Permission, audit_context, requires
from webapp.cargo import queries
from webapp.cargo.account_changes import ask_check, change_account, refuse_second, switch_account
from webapp.cargo.accounts import connect_carrier
from webapp.cargo.carriers import ensure_carriers
from webapp.cargo.forms import AccountForm, ConnectForm
from webapp.cargo.queries import AccountHealth
from webapp.cargo.wording import account_state
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.operations import Operation
from webapp.core.settings import Settings
from webapp.operations.queries import bare_line
from webapp.operations.shown import shown
from webapp.operations.views import tell_ended
from webapp.operations.watching import parsed, watch
from webapp.ui.htmx import is_htmx, redirect, render, toast, trigger
from webapp.ui.i18n import gettext
from webapp.ui.stale import notice_of

blueprint = Blueprint("carriers", __name__, url_prefix="/settings/carriers")


@blueprint.get("/")
@requires(Permission.CARRIERS_MANAGE)
def index() -> Response:
    """Every account with how it stands."""
    found = queries.accounts(db.session())
    return render("carriers/index.html", "carriers/_list.html", accounts=[_ctx(each) for each in found])


@blueprint.get("/new")
@requires(Permission.CARRIERS_MANAGE)
def new() -> Response:
    """The form of a new account."""
    return _new_page(_connect_form(db.session(), submitted=False))


@blueprint.post("/new")
@requires(Permission.CARRIERS_MANAGE)
def create() -> Response:
    """Connect the carrier and try its key."""
    form = _connect_form(db.session())
    if not form.validate():
        return _new_page(form, 422)
    try:
        with unit_of_work() as session:
            context, slug = audit_context(), form.carrier.data
            # One that we know, and that nothing has named so far, is kept from now on.
            ensure_carriers(session, frozenset({slug}))
            refuse_second(session, slug)
            account = connect_carrier(
                session, slug, form.base_url.data, form.api_key.data, context, settings=_settings()
            )
            company_id = account.cargo_company_id
            watch(ask_check(session, company_id, context))
    except InvalidInput as refused:
        add_errors(form, refused)
        return _new_page(form, refused.status)
    except Conflict as refused:
        form.form_errors = [*form.form_errors, notice_of(refused)]
        return _new_page(form, refused.status)
    return toast(redirect(_url(company_id)), gettext("The carrier is connected. Its key is being tried."))


@blueprint.get("/<int:company_id>")
@requires(Permission.CARRIERS_MANAGE)
def show(company_id: int) -> Response:
    """One account: how it stands, where it is, that it has a key."""
    return make_response(render_template("carriers/show.html", **_account(company_id)))


@blueprint.get("/<int:company_id>/standing")
@requires(Permission.CARRIERS_MANAGE)
def standing(company_id: int) -> Response:
    """The part that moves: asks for itself while a test runs, then tells that it has ended."""
    response = make_response(render_template("carriers/_standing.html", **_account(company_id)))
    found = [db.session.get(Operation, each) for each in parsed(request.args.getlist("open"))]
    mine = [each for each in found if each is not None and each.args.get("cargo_company_id") == company_id]
    tell_ended(response, [shown(bare_line(each)) for each in mine if not each.is_open])
    return response


@blueprint.post("/<int:company_id>/check")
@requires(Permission.CARRIERS_MANAGE)
def check(company_id: int) -> Response:
    """Find out whether the carrier takes our key."""
    known = queries.account(db.session(), company_id)
    told = gettext("Testing the connection to %(carrier)s.", carrier=known.company.name)
    with unit_of_work() as session:
        watch(ask_check(session, company_id, audit_context()))
    if not is_htmx():
        return toast(redirect(_url(company_id)), told)
    response = make_response(render_template("carriers/_standing.html", **_account(company_id)))
    return trigger(toast(response, told), "operations:changed")


@blueprint.get("/<int:company_id>/edit")
@requires(Permission.CARRIERS_MANAGE)
def edit(company_id: int) -> Response:
    """The form of an account."""
    health = queries.account(db.session(), company_id)
    form = AccountForm(formdata=None)
    form.base_url.data, form.version.data = health.account.base_url, str(health.account.version)
    return _edit_page(form, health)


@blueprint.post("/<int:company_id>/edit")
@requires(Permission.CARRIERS_MANAGE)
def save(company_id: int) -> Response:
    """Change the account. Who was slower is told what changed, and keeps what was typed."""
    health, form = queries.account(db.session(), company_id), AccountForm()
    if not form.validate():
        return _edit_page(form, health, 422)
    try:
        with unit_of_work() as session:
            change_account(session, company_id, form.to_input(), audit_context(), settings=_settings())
    except InvalidInput as refused:
        add_errors(form, refused)
        return _edit_page(form, queries.account(db.session(), company_id), refused.status)
    except Conflict as refused:
        now = queries.account(db.session(), company_id)
        form.form_errors = [*form.form_errors, notice_of(refused)]
        form.version.data = str(now.account.version)
        return _edit_page(form, now, refused.status)
    return toast(redirect(_url(company_id)), gettext("The account was saved."))


@blueprint.post("/<int:company_id>/switch-off")
@requires(Permission.CARRIERS_MANAGE)
def switch_off(company_id: int) -> Response:
    """Ask this carrier no more."""
    return _switch(company_id, on=False, told=gettext("Switched off. The carrier is asked nothing more."))


@blueprint.post("/<int:company_id>/switch-on")
@requires(Permission.CARRIERS_MANAGE)
def switch_on(company_id: int) -> Response:
    """Ask this carrier again."""
    return _switch(company_id, on=True, told=gettext("Switched on."))


def _switch(company_id: int, *, on: bool, told: str) -> Response:
    queries.account(db.session(), company_id)
    with unit_of_work() as session:
        switch_account(session, company_id, audit_context(), on=on)
    return toast(redirect(_url(company_id)), told)


def _account(company_id: int) -> dict[str, Any]:
    """The account as its page shows it. Raises NotFound."""
    return _ctx(queries.account(db.session(), company_id))


def _ctx(health: AccountHealth) -> dict[str, Any]:
    return {
        "health": health,
        "account": health.account,
        "company": health.company,
        "state": account_state(health),
        "running": [shown(bare_line(health.running))] if health.running is not None else [],
    }


def _connect_form(session: Session, *, submitted: bool = True) -> ConnectForm:
    form = ConnectForm() if submitted else ConnectForm(formdata=None)
    known = queries.connectable(session)
    chosen = form.carrier.data if submitted else None
    if chosen and chosen not in dict(known):
        # Somebody has connected it meanwhile: the service says who, not the list of choices.
        known = [*known, (chosen, chosen)]
    form.carrier.choices = [("", gettext("Choose a carrier")), *known]
    return form


def _new_page(form: ConnectForm, status: int = 200) -> Response:
    is_empty = len(form.carrier.choices) == 1
    return make_response(render_template("carriers/new.html", form=form, is_empty=is_empty), status)


def _edit_page(form: AccountForm, health: AccountHealth, status: int = 200) -> Response:
    return make_response(render_template("carriers/edit.html", form=form, **_ctx(health)), status)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["kontor_settings"]
    return settings


def _url(company_id: int) -> str:
    return url_for("carriers.show", company_id=company_id)
