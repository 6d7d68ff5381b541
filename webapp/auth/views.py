"""Sign-in, sign-out, and the profile page with password and sessions."""

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_login import logout_user
from flask_wtf.csrf import generate_csrf
from wtforms.fields.choices import SelectChoice

from webapp.auth import service, sessions, signing_in
from webapp.auth.forms import PasswordForm, ProfileForm, SignInForm, add_errors
from webapp.auth.limiter import TooManyTries
from webapp.auth.login import await_code, open_session, safe_next
from webapp.auth.permissions import audit_context, current_staff, public, signed_in, staff_or_none
from webapp.core.db import db, unit_of_work
from webapp.core.errors import DomainError, InvalidInput
from webapp.ui.htmx import is_htmx, redirect, toast
from webapp.ui.i18n import LANGUAGES, time_zone_names
from webapp.ui.navigation import first_page

blueprint = Blueprint("auth", __name__)


@blueprint.get("/")
@signed_in
def home() -> ResponseReturnValue:
    return redirect(first_page())


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Public: it shows two empty fields."""
    target = safe_next(request.args.get("next"))
    if staff_or_none() is not None:
        return redirect(target or url_for("auth.home"))
    return render_template("auth/sign_in.html", form=SignInForm(next=target or ""))


@blueprint.post("/sign-in")
@public
def do_sign_in() -> ResponseReturnValue:
    """Public: it answers an unknown address, a wrong password and a disabled account alike, and not too often."""
    form = SignInForm()
    if not form.validate():
        return _sign_in_page(form, 422)
    try:
        signed_in_as = signing_in.sign_in(_attempt(form), audit_context())
    except InvalidInput as refused:
        form.form_errors = [_(refused.message)]
        return _sign_in_page(form, refused.status)
    except DomainError as refused:
        form.form_errors = [_(refused.message)]
        response = _sign_in_page(form, refused.status)
        if isinstance(refused, TooManyTries):
            response.headers["Retry-After"] = str(refused.retry_after_s)
        return response
    target = safe_next(form.next.data)
    if signed_in_as.awaits_code:
        await_code(signed_in_as.token)
        return redirect(url_for("second_step.ask_code", next=target))
    open_session(signed_in_as.token)
    return redirect(target or url_for("auth.home"))


@blueprint.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    staff = current_staff()
    with unit_of_work() as session:
        signing_in.sign_out(session, staff.session_id, staff.id, audit_context())
    _forget_cookie()
    return redirect(url_for("auth.sign_in"))


@blueprint.get("/profile")
@signed_in
def profile() -> ResponseReturnValue:
    return _profile_page(_profile_form(), PasswordForm(formdata=None))


@blueprint.post("/profile")
@signed_in
def save_profile() -> ResponseReturnValue:
    form = _profile_form()
    if form.validate():
        try:
            with unit_of_work() as session:
                service.update_profile(
                    session,
                    audit_context(),
                    current_staff().id,
                    name=form.name.data,
                    language=form.language.data,
                    time_zone=form.time_zone.data,
                )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            with force_locale(form.language.data):  # The next page is read in the language just chosen.
                return toast(redirect(url_for("auth.profile")), _("Your profile was saved."))
    return _profile_page(form, PasswordForm(formdata=None), 422)


@blueprint.post("/profile/password")
@signed_in
def change_password() -> ResponseReturnValue:
    form, staff = PasswordForm(), current_staff()
    if form.validate():
        try:
            signing_in.change_own_password(
                staff.id,
                old=form.old_password.data,
                new=form.new_password.data,
                keep_session_id=staff.session_id,
                context=audit_context(),
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            text = _("Your password was changed. You were signed out everywhere else.")
            return toast(redirect(url_for("auth.profile")), text)
    return _profile_page(_profile_form(submitted=False), form, 422)


@blueprint.post("/profile/theme")
@signed_in
def set_theme() -> ResponseReturnValue:
    with unit_of_work() as session:
        service.set_theme(session, current_staff().id, request.form.get("theme", ""))
    if is_htmx():
        return "", 204
    return redirect(safe_next(request.form.get("next")) or url_for("auth.home"))


@blueprint.get("/form-token")
@signed_in
def form_token() -> ResponseReturnValue:
    """A fresh token for a page whose reader signed in again in another tab, so that what they typed can still be sent."""
    return Response(generate_csrf(), mimetype="text/plain")


@blueprint.post("/profile/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> ResponseReturnValue:
    staff = current_staff()
    with unit_of_work() as session:
        signing_in.end_own_session(session, audit_context(), staff.id, session_id)
    if session_id == staff.session_id:
        _forget_cookie()
        return redirect(url_for("auth.sign_in"))
    return toast(redirect(url_for("auth.profile")), _("That browser was signed out."))


def _attempt(form: SignInForm) -> signing_in.SignIn:
    return signing_in.SignIn(
        email=form.email.data,
        password=form.password.data,
        remote_addr=request.remote_addr,
        user_agent=request.user_agent.string,
    )


def _sign_in_page(form: SignInForm, status: int) -> Response:
    return make_response(render_template("auth/sign_in.html", form=form), status)


def _profile_form(*, submitted: bool = True) -> ProfileForm:
    staff = current_staff()
    values = {"name": staff.name, "language": staff.language, "time_zone": staff.time_zone}
    form = ProfileForm(data=values) if submitted else ProfileForm(formdata=None, data=values)
    form.language.choices = [SelectChoice(code, name) for code, name in LANGUAGES.items()]
    form.time_zone.choices = [SelectChoice(name, name.replace("_", " ")) for name in time_zone_names()]
    return form


def _profile_page(form: ProfileForm, password_form: PasswordForm, status: int = 200) -> Response:
    staff = current_staff()
    page = render_template(
        "auth/profile.html",
        form=form,
        password_form=password_form,
        sessions=sessions.live_sessions(db.session(), staff.id),
        own_session_id=staff.session_id,
    )
    return make_response(page, status)


def _forget_cookie() -> None:
    logout_user()
    cookie.clear()
