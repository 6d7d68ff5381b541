"""What every answer carries to protect its reader: headers, cookie rules, the CSRF token, whose Host and whose address count."""

import ipaddress
import secrets
import socket

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.auth.permissions import is_for_programs
from webapp.core.settings import Settings

COOKIE = "__Host-kontor"
PLAIN_COOKIE = "kontor-plain"  # "__Host-" cookies must be Secure, which plain http cannot send
LARGEST_REQUEST = 11 * 1024 * 1024  # bytes: a file of 10 MiB and the form around it
ONE_YEAR_S = 31_536_000

# Routes that take no browser's cookie and therefore need no token: webhooks are signed. Nor does the API: its tokens
# are in a header that no other site can make a browser send, and it does not look at cookies.
CSRF_EXEMPT = frozenset({"channel_webhooks.receive", "gateway_webhooks.receive"})

_POLICY = (
    ("default-src", "'none'"),
    ("script-src", "'self'"),
    ("style-src", "'self'"),
    ("img-src", "'self'"),
    ("font-src", "'self'"),
    ("connect-src", "'self'"),
    ("form-action", "'self'"),
    ("base-uri", "'none'"),
    ("frame-ancestors", "'none'"),
    ("object-src", "'none'"),
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Flask-WTF compares the Referer of forms sent over https; to other sites nothing is told.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

csrf = CSRFProtect()


def init_security(app: Flask, settings: Settings) -> None:
    """Set cookies, hosts, proxies, CSRF and headers. Call it before blueprints are registered."""
    _set_cookies(app, settings)
    app.config.update(
        TRUSTED_HOSTS=_trusted_hosts(settings),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        # The token lives as long as its session: a page may stay open over lunch and still be sent.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,  # asked below, by endpoint: the allow-list is the one place that knows
        PROPAGATE_EXCEPTIONS=False,
        DEBUG=False,
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf.init_app(app)
    app.before_request(_protect)
    app.after_request(_add_headers if not settings.https else _add_headers_over_https)


def is_plain_http(settings: Settings) -> bool:
    """Whether people reach us without encryption: only accepted on this machine's own loopback address."""
    return not settings.https and is_loopback(settings.host)


def is_loopback(host: str) -> bool:
    """Whether the address to listen on can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def csp_nonce() -> str:
    """A word for this one answer that allows its marked inline elements; Flask-Admin's templates ask for it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def _protect() -> None:
    """Refuse every unsafe request without the session's token, but for the API and the routes of CSRF_EXEMPT."""
    if request.endpoint and request.endpoint not in CSRF_EXEMPT and not is_for_programs():
        csrf.protect()


def _set_cookies(app: Flask, settings: Settings) -> None:
    plain = is_plain_http(settings)
    app.config.update(
        SESSION_COOKIE_NAME=PLAIN_COOKIE if plain else COOKIE,
        SESSION_COOKIE_SECURE=not plain,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
    )
    app.jinja_env.globals["plain_http"] = plain


def _trusted_hosts(settings: Settings) -> list[str]:
    """The names we answer to. Not told any, we answer to this machine's own and refuse made-up ones."""
    # Werkzeug cannot compare IPv6 literals; over IPv6 this machine is called localhost.
    own = ["localhost", "127.0.0.1", socket.gethostname().lower()]
    if settings.trusted_hosts:
        return [*settings.trusted_hosts, *own[:2]]
    wildcard = settings.host in ("", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on
    return own if wildcard else [*own, settings.host]


def _add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", _policy())
    # Pages hold customers' data: nothing of them stays in a browser's cache. Assets say their own word.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _add_headers_over_https(response: Response) -> Response:
    response.headers.setdefault("Strict-Transport-Security", f"max-age={ONE_YEAR_S}; includeSubDomains")
    return _add_headers(response)


def _policy() -> str:
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    allowed = {"script-src", "style-src"}
    return "; ".join(f"{name} {value}{nonce if name in allowed else ''}" for name, value in _POLICY)
