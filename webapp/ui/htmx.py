"""Everything that reads or writes an HX-* header. No other file does, so that a newer htmx is a change to this one."""

import json
from collections.abc import Mapping
from typing import Any, Literal

from flask import Flask, Response, flash, make_response, render_template, request
from flask import redirect as http_redirect
from flask_htmx import HTMX

ToastKind = Literal["", "warn", "error"]

NOTICES = "#notices"  # where a refusal is shown; app.js moves it into the dialog when one is open
CLOSE_DIALOG = "kontor:close-dialog"
TOAST = "kontor:toast"

htmx = HTMX()


def init_htmx(app: Flask) -> None:
    """Give templates `htmx` (true inside an htmx request) through flask-htmx."""
    htmx.init_app(app)


def is_htmx() -> bool:
    """Whether a fragment is wanted. A history restore wants the whole page, and a boosted link that names no target."""
    whole_page = htmx.history_restore_request or (htmx.boosted and not htmx.target)
    return bool(htmx) and not whole_page


def is_poll() -> bool:
    """Whether nobody acted: the page only looks at work that is under way."""
    return "X-Kontor-Poll" in request.headers


def render(page: str, fragment: str, /, *, status: int = 200, **context: Any) -> Response:
    """The fragment for htmx, the page for everybody else; one URL serves both and says so in `Vary`."""
    response = make_response(render_template(fragment if is_htmx() else page, **context), status)
    response.vary.add("HX-Request")
    return response


def trigger(response: Response, *names: str, **events: Any) -> Response:
    """Tell the page's other regions what happened: `trigger(response, "orders:changed")`, or `**{"plan:changed": {…}}`.

    The event that closes the dialog always goes last: closing empties it, and what an element sends
    after it has left the page reaches nobody.
    """
    told: dict[str, Any] = _told(response)
    told.update(dict.fromkeys(names))
    told.update(events)
    if CLOSE_DIALOG in told:
        told[CLOSE_DIALOG] = told.pop(CLOSE_DIALOG)
    # ASCII only: header values are Latin-1 on the wire, and an escaped line break cannot start a new header.
    response.headers["HX-Trigger"] = json.dumps(told, ensure_ascii=True)
    return response


def toast(response: Response, text: str, kind: ToastKind = "") -> Response:
    """Say what happened to what. Without htmx the next page says it in a note."""
    if not is_htmx():
        flash(str(text), kind or "done")
        return response
    return trigger(response, **{TOAST: {"text": str(text), "kind": kind}})


def close_dialog(response: Response) -> Response:
    """Close the open dialog once everything else that this response tells has been told."""
    return trigger(response, CLOSE_DIALOG)


def redirect(location: str) -> Response:
    """Go elsewhere: the whole page for htmx, 303 for a form without it."""
    if not is_htmx():
        response = make_response(http_redirect(location, 303))
    else:
        response = make_response("", 204)
        response.headers["HX-Redirect"] = location
    response.vary.add("HX-Request")
    return response


def retarget(response: Response, selector: str = NOTICES, swap: str = "innerHTML") -> Response:
    """Show this answer elsewhere than where the asking element pointed."""
    response.headers["HX-Retarget"] = selector
    response.headers["HX-Reswap"] = swap
    response.vary.add("HX-Request")
    return response


def push_url(response: Response, url: str) -> Response:
    """Write `url` into the address bar, so that refresh, back and a shared link show this state."""
    response.headers["HX-Push-Url"] = url
    return response


def current_path() -> str | None:
    """Path and query of the page that sent this htmx request; None when it cannot be told."""
    url = htmx.current_url
    if not url or "://" not in url:
        return None
    _, _, rest = url.partition("://")
    _, slash, path = rest.partition("/")
    return slash + path if slash else "/"


def _told(response: Response) -> dict[str, Any]:
    header = response.headers.get("HX-Trigger")
    told: Mapping[str, Any] = json.loads(header) if header else {}
    return dict(told)
