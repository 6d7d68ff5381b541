"""How a refusal or a failure looks: a page, a notice for htmx, problem details (RFC 9457) for the API. Never a stack trace."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.http import HTTP_STATUS_CODES

from webapp.auth.permissions import is_for_programs, staff_or_none
from webapp.core.errors import DomainError
from webapp.core.room import NO_ROOM, is_out_of_room
from webapp.core.text import N_
from webapp.ui.htmx import is_htmx, retarget

log = logging.getLogger(__name__)

TRY_AGAIN_S = 5  # what a program is told to wait while the database is away

# What people read: (heading, what to do).
_WORDS = {
    400: (N_("This request cannot be read"), N_("Go back, reload the page and try again.")),
    401: (N_("You are signed out"), N_("Sign in again to go on.")),
    403: (N_("You may not do this"), N_("Your role does not allow it. Ask an administrator if it should.")),
    404: (N_("There is nothing here"), N_("The address is wrong, or what was here is not yours to see.")),
    405: (N_("This cannot be done here"), N_("Go back and use the buttons of the page.")),
    409: (N_("Somebody was faster"), N_("Reload the page to see how things are now.")),
    413: (N_("This is too large"), N_("A request may have 10 MB.")),
    422: (N_("Something in the form needs another look"), N_("Go back and correct it.")),
    429: (N_("Too many tries"), N_("Wait a little, then try again.")),
    500: (
        N_("Something is broken on our side"),
        N_("Nothing you did. Tell your operator the request's number."),
    ),
    502: (N_("The other side did not answer as it should"), N_("Try again in a few minutes.")),
    503: (
        N_("The desk is catching its breath"),
        N_("The database cannot be reached just now. Try again in a few seconds."),
    ),
    507: (N_("There is no room left"), NO_ROOM),
}
# Refusals that say more than their status does.
_BY_CODE = {"note_unread": N_("Read the note first")}
_CSRF = N_(
    "This page is from an earlier sign-in or was open for too long. Reload it and send the form again."
)


@dataclass(frozen=True)
class Failure:
    """What is told: for people a heading and a sentence, for programs a code and facts."""

    status: int
    code: str
    sentence: str
    details: dict[str, Any]

    @property
    def heading(self) -> str:
        """A few plain words for the kind of failure."""
        if self.code in _BY_CODE:
            return str(gettext(_BY_CODE[self.code]))
        return str(gettext(_WORDS.get(self.status, _WORDS[500 if self.status >= 500 else 400])[0]))

    @property
    def changed_at(self) -> datetime | None:
        """When a colleague overtook the form; None where nobody did."""
        at = self.details.get("changed_at")
        return datetime.fromisoformat(at) if isinstance(at, str) else None


def init_errors(app: Flask) -> None:
    """Answer every exception in the face it was asked in."""
    app.register_error_handler(DomainError, _on_domain_error)
    app.register_error_handler(SecurityError, _on_untrusted_host)
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(SQLAlchemyError, _on_database_error)
    app.register_error_handler(OSError, _on_system_error)


def answer(failure: Failure) -> Response:
    """The failure in the asker's face."""
    if is_api():
        response = _problem(failure)
    elif is_htmx():
        response = retarget(
            make_response(render_template("errors/_notice.html", failure=failure), failure.status)
        )
    else:
        layout = "base.html" if staff_or_none() else "ui/bare.html"
        response = make_response(
            render_template("errors/page.html", failure=failure, layout=layout), failure.status
        )
    if "retry_after_s" in failure.details:
        response.headers["Retry-After"] = str(failure.details["retry_after_s"])
    return response


def is_api() -> bool:
    """Whether a program asks, by the address: the API answers JSON whatever is accepted."""
    return is_for_programs()


def _on_domain_error(error: DomainError) -> Response:
    _settle_reader()
    # Programs read English, whatever language their owner reads.
    words = error.message if is_api() else gettext(error.message)
    return answer(Failure(error.status, error.error_code, words, error.details))


def _on_untrusted_host(_: SecurityError) -> Response:
    """Plain text: under a name that is not ours no address, and so no page, can be built."""
    sentence = "This server does not answer to that name. If it should, add it to KONTOR_TRUSTED_HOSTS.\n"
    return Response(sentence, 400, mimetype="text/plain")


def _on_http_exception(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:
        return make_response(error.get_response())  # A redirect of the router is no failure.
    _settle_reader()
    if isinstance(error, CSRFError):
        return answer(Failure(400, "csrf_failed", gettext(_CSRF), {}))
    words = _WORDS.get(error.code, _WORDS[500 if error.code >= 500 else 400])
    name = HTTP_STATUS_CODES.get(error.code, "error").lower().replace(" ", "_")
    response = answer(Failure(error.code, name, gettext(words[1]), {}))
    for header, value in error.get_headers():
        if header in ("Allow", "Retry-After"):
            response.headers[header] = value
    return response


def _on_database_error(error: SQLAlchemyError) -> Response:
    """The database is away: 503, and whoever asks again in a moment may be lucky; its disk is full: 507.

    Any other error of it is a bug: 500.
    """
    if is_out_of_room(error):
        return _no_room()
    away = isinstance(error, OperationalError | InterfaceError | PoolTimeout)
    if not away and not (isinstance(error, DBAPIError) and error.connection_invalidated):
        raise error
    log.warning("The database did not answer: %s", type(error).__name__)
    g.kontor_no_staff = True
    return answer(
        Failure(503, "database_unavailable", gettext(_WORDS[503][1]), {"retry_after_s": TRY_AGAIN_S})
    )


def _on_system_error(error: OSError) -> Response:
    """No room for a file that somebody sent or asked for: 507. Any other error of the system is a bug: 500."""
    if not is_out_of_room(error):
        raise error
    return _no_room()


def _no_room() -> Response:
    log.error("A disk is full: nothing can be written until somebody makes room.")
    _settle_reader()
    return answer(Failure(507, "disk_full", gettext(NO_ROOM), {}))


def _settle_reader() -> None:
    """Find out who reads before anything is said: their language and shell must not ask a database that is away."""
    try:
        staff_or_none()
    except SQLAlchemyError:
        g.kontor_no_staff = True


def _problem(failure: Failure) -> Response:
    own = {
        "type": "about:blank",
        "title": HTTP_STATUS_CODES.get(failure.status, "Error"),
        "status": failure.status,
        "detail": failure.sentence,
        "code": failure.code,
        "request_id": g.get("request_id"),
    }
    # A plan's status in the details must not pass for the status of the answer.
    facts = {f"present_{name}" if name in own else name: fact for name, fact in failure.details.items()}
    response = jsonify({**own, **facts})
    response.status_code = failure.status
    response.mimetype = "application/problem+json"
    return response
