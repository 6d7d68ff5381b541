"""Who may ask: OAuth 1.0a over http, Basic over https, exactly as WooCommerce checks them.

Over plain http Basic is ignored. `status[]=a` must be signed as `status[0]`, for the shop's own language
numbers such parameters before it signs; a comma list has no such trap.
"""

import hmac
import re
import time
from base64 import b64encode
from collections import Counter
from threading import Lock
from urllib.parse import parse_qsl, unquote

from flask import Request
from oauthlib.oauth1.rfc5849 import signature

from sandbox.shop.problems import Refusal

WINDOW_S = 15 * 60  # how old or early a timestamp may be, and how long a nonce is remembered
REQUIRED = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)
METHODS = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256"}


class Gate:
    def __init__(self, consumer_key: str, consumer_secret: str) -> None:
        self._key = consumer_key
        self._secret = consumer_secret
        self._nonces: dict[str, int] = {}
        self._turn = Lock()

    def check(self, request: Request, *, basic_over_http: bool) -> None:
        """Raises Refusal (401) unless the request is the key owner's."""
        is_ssl = request.headers.get("X-Forwarded-Proto") == "https"
        if (is_ssl or basic_over_http) and self._passes_basic(request):
            return
        parameters = _oauth_parameters(request)
        if not parameters:
            raise Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        self._check_oauth(request, parameters, "https" if is_ssl else "http")

    def _passes_basic(self, request: Request) -> bool:
        """False where nothing was given; a wrong secret is refused at once."""
        key, secret = request.args.get("consumer_key"), request.args.get("consumer_secret")
        if not (key and secret) and request.authorization and request.authorization.type == "basic":
            key, secret = request.authorization.username, request.authorization.password
        if not key or not secret or key != self._key:
            return False
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise _denied("Consumer secret is invalid.")
        return True

    def _check_oauth(self, request: Request, parameters: dict[str, str], scheme: str) -> None:
        missing = [name for name in REQUIRED if not parameters.get(name)]
        if missing:
            word = "parameter" if len(missing) == 1 else "parameters"
            raise Refusal(
                401,
                "woocommerce_rest_authentication_missing_parameter",
                f"Missing OAuth {word} {', '.join(missing)}",
            )
        if parameters["oauth_consumer_key"] != self._key:
            raise _denied("Consumer key is invalid.")
        if parameters["oauth_signature_method"] not in METHODS:
            raise _denied("Invalid signature - signature method is invalid.")
        expected = self._signature(request, parameters, scheme)
        if not hmac.compare_digest(
            expected.encode(), parameters["oauth_signature"].replace(" ", "+").encode()
        ):
            raise _denied("Invalid signature - provided signature does not match.")
        self._check_once(parameters["oauth_timestamp"], parameters["oauth_nonce"])

    def _signature(self, request: Request, parameters: dict[str, str], scheme: str) -> str:
        collected = [*_php_pairs(request.query_string.decode()), *_header_parameters(request).items()]
        signed = [(name, value) for name, value in collected if name not in ("oauth_signature", "realm")]
        base = signature.signature_base_string(
            request.method,  # type: ignore[arg-type]
            signature.base_string_uri(f"{scheme}://{request.host}{request.path}"),
            # The library takes pairs; its stubs know only dictionaries.
            signature.normalize_parameters(signed),  # type: ignore[arg-type]
        )
        key = f"{self._secret}&"  # the second half would be a token's secret; there is no token
        algorithm = METHODS[parameters["oauth_signature_method"]]
        return b64encode(hmac.digest(key.encode(), base.encode(), algorithm)).decode()

    def _check_once(self, timestamp: str, nonce: str) -> None:
        now = int(time.time())
        if not timestamp.isdigit() or abs(now - int(timestamp)) > WINDOW_S:
            raise _denied("Invalid timestamp.")
        with self._turn:
            if nonce in self._nonces:
                raise _denied("Invalid nonce - nonce has already been used.")
            self._nonces[nonce] = now
            if len(self._nonces) > 10_000:
                self._nonces = {name: at for name, at in self._nonces.items() if at > now - WINDOW_S}


def _oauth_parameters(request: Request) -> dict[str, str]:
    """The OAuth parameters of query and header; empty when nobody tried."""
    given = {name: value for name, value in request.args.items() if name.startswith("oauth_")}
    return given | _header_parameters(request)


def _header_parameters(request: Request) -> dict[str, str]:
    if request.authorization is None or request.authorization.type != "oauth":
        return {}
    return {name: unquote(str(value)) for name, value in request.authorization.parameters.items()}


def _php_pairs(query: str) -> list[tuple[str, str]]:
    """The query as PHP reads it: `a[]=x&a[]=y` becomes a[0]=x, a[1]=y."""
    seen: Counter[str] = Counter()
    pairs = []
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.endswith("[]"):
            place = seen[name]
            seen[name] += 1
            name = re.sub(r"\[\]$", f"[{place}]", name)
        pairs.append((name, value))
    return pairs


def _denied(message: str) -> Refusal:
    return Refusal(401, "woocommerce_rest_authentication_error", message)
