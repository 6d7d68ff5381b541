"""Two-step sign-in: the page that asks for the code, and one's own page to switch it on and off."""

import io

import segno
from flask import Blueprint, Response, abort, make_response, render_template, request, url_for
from flask import session as cookie
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from webapp.auth import second_step, signing_in
from webapp.auth.forms import CodeForm, ConfirmCodeForm, OwnPasswordForm, add_errors
from webapp.auth.limiter import TooManyTries
from webapp.auth.login import AWAITS_CODE, needs_second_step, open_session, safe_next
from webapp.auth.permissions import audit_context, current_staff, public, signed_in
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, DomainError, InvalidInput
from webapp.core.text import N_
from webapp.ui.htmx import redirect, toast

blueprint = Blueprint("second_step", __name__)


@blueprint.get("/sign-in/code")
@public
def ask_code() -> Response:
    """Public: it shows an empty field to whoever typed a right password just now, and the sign-in page to all others."""
    if AWAITS_CODE not in cookie:
        return redirect(url_for("auth.sign_in"))
    return _code_page(CodeForm(next=safe_next(request.args.get("next")) or ""))


@blueprint.post("/sign-in/code")
@public
def enter_code() -> Response:
    """Public: it signs in only with a code that fits the password typed before, and not too often."""
    form = CodeForm()
    if not form.validate():
        return _code_page(form, 422)
    try:
        token = signing_in.enter_code(_attempt(form), audit_context())
    except signing_in.SignInOver as over:
        cookie.clear()
        return toast(redirect(url_for("auth.sign_in", next=safe_next(form.next.data))), _(over.message))
    except DomainError as refused:
        form.form_errors = [_(refused.message)]
        response = _code_page(form, refused.status)
        if isinstance(refused, TooManyTries):
            response.headers["Retry-After"] = str(refused.retry_after_s)
        return response
    open_session(token)
    return redirect(safe_next(form.next.data) or url_for("auth.home"))


@blueprint.get("/profile/second-step")
@signed_in
def show() -> Response:
    """Whether it is on, and what there is to do."""
    return _page()


@blueprint.post("/profile/second-step/begin")
@signed_in
def begin() -> Response:
    """Make a secret for the app; it counts once a code of it was typed."""
    with unit_of_work() as session:
        second_step.begin(session, current_staff().id)
    return redirect(url_for(".show"))


@blueprint.get("/profile/second-step/qr.svg")
@signed_in
def qr() -> Response:
    """The secret that waits for its first code, for a camera; 404 at any other time."""
    secret = second_step.begun_secret(db.session(), current_staff().id)
    if secret is None:
        abort(404)
    picture = io.BytesIO()
    code = segno.make(second_step.uri(secret, current_staff().email), error="m")
    code.save(picture, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False)
    return Response(picture.getvalue(), mimetype="image/svg+xml")


@blueprint.post("/profile/second-step")
@signed_in
def confirm() -> Response:
    """Switch it on: with the password, so that nobody does it at a desk left open, and a first code."""
    form, staff_id = ConfirmCodeForm(), current_staff().id
    if not form.validate():
        return _page(confirm_form=form, status=422)
    try:
        _prove(form.password.data)
        with unit_of_work() as session:
            codes = second_step.confirm(session, audit_context(), staff_id, form.code.data)
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(confirm_form=form, status=422)
    return _page(codes=codes)


@blueprint.post("/profile/second-step/codes")
@signed_in
def renew_codes() -> Response:
    """Ten new recovery codes, shown this once."""
    form, staff_id = OwnPasswordForm(), current_staff().id
    if not form.validate():
        return _page(password_form=form, status=422)
    try:
        _prove(form.password.data)
        with unit_of_work() as session:
            codes = second_step.renew_codes(session, audit_context(), staff_id)
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(password_form=form, status=422)
    return _page(codes=codes)


@blueprint.post("/profile/second-step/off")
@signed_in
def turn_off() -> Response:
    """The password alone signs in again; not where it must be used."""
    form, staff_id = OwnPasswordForm(), current_staff().id
    if needs_second_step(current_staff()):
        raise Conflict(N_("Administrators must use two-step sign-in here."), code="second_step_demanded")
    if not form.validate():
        return _page(password_form=form, status=422)
    try:
        _prove(form.password.data)
        with unit_of_work() as session:
            second_step.turn_off(session, audit_context(), staff_id)
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(password_form=form, status=422)
    return toast(redirect(url_for(".show")), _("Two-step sign-in is off."))


def _prove(password: str) -> None:
    signing_in.prove_password(
        current_staff().id,
        password,
        audit_context(),
        field="password",
        refused="auth.second_step_change_refused",
    )


def _attempt(form: CodeForm) -> signing_in.CodeAttempt:
    return signing_in.CodeAttempt(
        token=cookie.get(AWAITS_CODE, ""),
        code=form.code.data,
        remote_addr=request.remote_addr,
        user_agent=request.user_agent.string,
    )


def _code_page(form: CodeForm, status: int = 200) -> Response:
    return make_response(render_template("auth/sign_in_code.html", form=form), status)


def _page(
    *,
    confirm_form: FlaskForm | None = None,
    password_form: FlaskForm | None = None,
    codes: list[str] | None = None,
    status: int = 200,
) -> Response:
    session, staff = db.session(), current_staff()
    page = render_template(
        "auth/second_step.html",
        is_on=second_step.is_on(session, staff.id),
        is_demanded=needs_second_step(staff),
        secret=second_step.begun_secret(session, staff.id),
        codes_left=second_step.codes_left(session, staff.id),
        codes=codes,
        confirm_form=confirm_form or ConfirmCodeForm(formdata=None),
        password_form=password_form or OwnPasswordForm(formdata=None),
    )
    return make_response(page, status)
