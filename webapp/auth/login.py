"""Flask-Login over session rows, and what happens to whoever is not signed in. No remember-me: a copied cookie would outlive us."""

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request, session, url_for
from flask_babel import gettext as _
from flask_login import LoginManager, login_user

from webapp.auth import sessions
from webapp.auth.permissions import (
    Access,
    CurrentStaff,
    current_staff,
    demand_of,
    init_guard,
    is_for_programs,
)
from webapp.auth.presenting import take_token
from webapp.auth.roles import Role
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.settings import Settings
from webapp.ui.errors import Failure, answer, is_api
from webapp.ui.htmx import current_path, is_htmx, is_poll, redirect

AWAITS_CODE = "awaits_code"  # in the cookie: the token of a session that waits for its code
_OPEN_WITHOUT_CODE = frozenset(
    {
        "second_step.show",
        "second_step.begin",
        "second_step.qr",
        "second_step.confirm",
        "auth.sign_out",
        "auth.set_theme",
        "auth.form_token",
    }
)


def init_login(app: Flask) -> None:
    """Load the signed-in person from the session's row and put the guard before every view."""
    # Not init_app: it would add the remember-me cookie's hook, which reads the session on every answer, so that
    # assets vary by cookie and are fetched anew after signing in; and a template word that asks the database even
    # on the page that says it is away.
    manager = LoginManager()
    app.login_manager = manager  # type: ignore[attr-defined]
    # It would compare the address, which changes when a phone changes its network; the row decides.
    manager.session_protection = None
    manager.user_loader(_load)

    @app.before_request
    def know_program() -> None:
        if is_for_programs():
            take_token()

    init_guard(app, unauthenticated)
    # Behind the guard: it knows who asks.
    app.before_request(send_to_second_step)


def open_session(token: str) -> None:
    """Put a new session into a new cookie: nothing of what came before signing in is kept (session fixation)."""
    session.clear()
    with unit_of_work() as database:
        found = sessions.load(database, token)
    if found is not None:
        login_user(found[0])


def await_code(token: str) -> None:
    """Keep in a new cookie whose code is awaited; it opens nothing but the page that asks for it."""
    session.clear()
    session[AWAITS_CODE] = token


def needs_second_step(staff: CurrentStaff) -> bool:
    """Whether this installation lets the person in only with a code (KONTOR_ADMINS_NEED_CODE)."""
    settings: Settings = current_app.extensions["kontor_settings"]
    return settings.admins_need_code and staff.role is Role.ADMINISTRATOR


def unauthenticated() -> Response:
    """Send people to the sign-in page and back to where they were; tell programs 401."""
    if is_api():
        words = "Send a valid API token: Authorization: Bearer …, or Token …. Cookies are not looked at here."
        response = answer(Failure(401, "not_signed_in", words, {}))
        response.headers["WWW-Authenticate"] = 'Bearer realm="Kontor"'
        return response
    # A cookie whose session has ended is worth nothing; taking it back also drops its CSRF token.
    session.clear()
    if is_htmx():
        return _sign_in_again()
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.sign_in", next=target))


def safe_next(target: str | None) -> str | None:
    """The address to go on to, if it is a path on this host; None for everything a browser might read otherwise."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    # Browsers drop control characters and read a backslash as a slash: "/\\evil" and "/\t/evil" leave the host.
    if any(ord(letter) < 33 or letter in "\\\x7f" for letter in target):
        return None
    parts = urlsplit(target)
    lowered = target.lower()
    # The same, still written as escapes: nothing of ours has them, and some proxy may undo them.
    if (
        parts.scheme
        or parts.netloc
        or any(hidden in lowered for hidden in ("%5c", "%09", "%0a", "%0d", "%00"))
    ):
        return None
    return None if parts.path.startswith("//") or "//" in parts.path else target


def send_to_second_step() -> Response | None:
    """Whoever must use two-step sign-in and does not yet can open nothing but the page where it is switched on.

    Programs are not held up: a token is long, random, limited and revocable, and no password opens it.
    """
    settings: Settings = current_app.extensions["kontor_settings"]
    endpoint = request.endpoint or ""
    if not settings.admins_need_code or is_for_programs() or endpoint in _OPEN_WITHOUT_CODE:
        return None
    if endpoint not in current_app.view_functions or demand_of(current_app, endpoint) is Access.PUBLIC:
        return None  # Nobody is looked up for an asset: it would vary by cookie.
    staff = current_staff()
    if staff.has_second_step or not needs_second_step(staff):
        return None
    return redirect(url_for("second_step.show"))


def _load(token: str) -> CurrentStaff | None:
    found = sessions.load(db.session(), token)
    if found is None:
        return None
    staff, seen_at = found
    # A page that polls for progress is not a person who works.
    if utc_now() - seen_at > sessions.TOUCH_EVERY and not is_poll():
        with unit_of_work() as database:
            sessions.touch(database, staff.session_id)
    return staff


def _sign_in_again() -> Response:
    """A page that was open while its session ended: reading goes to the sign-in page, a typed form stays where it is."""
    back = current_path()
    if request.method == "GET":
        response = redirect(url_for("auth.sign_in", next=back))
        response.status_code = 401
        return response
    sentence = _("You were signed out. Sign in again in another tab, then send this form once more.")
    return answer(Failure(401, "not_signed_in", sentence, {}))
