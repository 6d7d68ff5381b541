"""Calling other systems: the one session factory, with limits on reach, time and size. Nothing else imports requests.

Proxies of the environment are not used: behind one, the address we judged would not be the one that is called.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
import structlog
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.connection import create_connection

from webapp.core import exact_json
from webapp.core.clock import utc_now
from webapp.core.errors import IntegrationError
from webapp.core.reach import NameUnknown, Reach
from webapp.core.settings import Timing

log = structlog.stdlib.get_logger("webapp.exchange")

ANSWER_CAP_BYTES = 10 * 1024 * 1024  # a page of 100 orders is below 2 MB
ANSWER_DEADLINE_S = 60.0  # a server that drips byte by byte never runs into the read timeout
CHUNK_BYTES = 64 * 1024
# Waits before the second and third try of a call that changes nothing; longer trouble is the operation's to wait for.
PAUSES_S = (0.3, 1.0)
# A gateway in between had no answer: the next try may meet another backend.
PASSING_STATUSES = frozenset({502, 503, 504})

# (method, full URL) → headers; called for every try, because a nonce may be used once.
Authorise = Callable[[str, str], Mapping[str, str]]


class NoAnswer(IntegrationError):
    """There was no (whole) answer. `was_sent` False: the request certainly did not arrive."""

    code = "no_answer"

    def __init__(self, message: str, *, was_sent: bool, may_repeat: bool = True) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        self.may_repeat = may_repeat


class Late(NoAnswer):
    """The other side had the request and took longer than we wait."""

    code = "late"

    def __init__(self, message: str) -> None:
        # Not tried again at once: it would hold the worker for as long once more.
        super().__init__(message, was_sent=True, may_repeat=False)


class AnswerTooLarge(IntegrationError):
    """The answer is larger than we read; the same question will have the same answer."""

    code = "answer_too_large"

    def __init__(self) -> None:
        super().__init__(f"The answer is larger than {ANSWER_CAP_BYTES // 1024**2} MB.", permanent=True)


class UnreadableAnswer(IntegrationError):
    """The answer is no JSON: mostly an error page of something in between, so asking later can help."""

    code = "unreadable_answer"


@dataclass(frozen=True)
class Answer:
    """What a system answered, whatever the status."""

    method: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    # By our clock: the system looked at its data somewhere between the two.
    asked_at: datetime
    answered_at: datetime

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as UTF-8. Raises UnreadableAnswer."""
        try:
            return self.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.unreadable() from None

    def json(self) -> Any:
        """The body's value, fractions as Decimal. Raises UnreadableAnswer."""
        try:
            return exact_json.parse(self.text)
        except ValueError:
            raise self.unreadable() from None

    def unreadable(self) -> UnreadableAnswer:
        """The refusal to read this body, in words that quote nothing of it."""
        kind = self.headers.get("Content-Type", "no type").partition(";")[0].strip()[:60]
        return UnreadableAnswer(
            f"The answer ({self.status}, {kind}, {len(self.body)} bytes) is not JSON.",
            details={"status": self.status},
        )

    @property
    def dated(self) -> datetime | None:
        """What the system's own clock said when it answered (header Date, whole seconds); None when it does not say."""
        return _moment(self.headers.get("Date", ""))

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the system asks us to wait (header Retry-After, a number or a date); None when it does not."""
        return _seconds_until(self.headers.get("Retry-After", ""))


class HttpClient:
    """Calls of one outside system, named `system` in the exchange log ("channel:3")."""

    def __init__(
        self, system: str, *, reach: Reach, timing: Timing, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._system = system
        self._reach = reach
        self._timeouts = (timing.connect_timeout_s, timing.read_timeout_s)
        self._sleep = sleep
        self._session = _new_session(reach)

    def get(
        self,
        url: str,
        *,
        what: str,
        params: Mapping[str, str] | None = None,
        authorise: Authorise | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Read something; tried up to three times while the way there is broken. Raises NoAnswer.

        `what` names the call in the log ("orders.list"): URLs are not logged, they hold numbers and names.
        """
        for pause in PAUSES_S:
            try:
                answer = self._call("GET", url, what, params, None, {}, authorise, timeout_s)
            except NoAnswer as nothing:
                if not nothing.may_repeat:
                    raise
            else:
                if answer.status not in PASSING_STATUSES or answer.retry_after_s is not None:
                    return answer
            self._sleep(pause)
        return self._call("GET", url, what, params, None, {}, authorise, timeout_s)

    def send(
        self,
        method: str,
        url: str,
        *,
        what: str,
        json_body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        authorise: Authorise | None = None,
    ) -> Answer:
        """Change something; sent exactly once. Raises NoAnswer, after which the outcome is unknown if it was sent.

        `content` is sent byte for byte, for bodies that were signed.
        """
        given = dict(headers or {})
        body = content
        if json_body is not None:
            body, given["Content-Type"] = json.dumps(json_body).encode(), "application/json"
        elif form is not None:
            body, given["Content-Type"] = urlencode(form).encode(), "application/x-www-form-urlencoded"
        return self._call(method, url, what, None, body, given, authorise, None)

    def _call(
        self,
        method: str,
        url: str,
        what: str,
        params: Mapping[str, str] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        authorise: Authorise | None,
        timeout_s: float | None,
    ) -> Answer:
        """One try, judged, timed and logged."""
        full = f"{url}?{urlencode(params)}" if params else url
        self._reach.check_url(full)
        given = {**headers, **(authorise(method, full) if authorise else {})}
        began = time.monotonic()
        status, size = "no answer", 0
        try:
            answer = self._exchange(method, full, body, given, timeout_s)
            status, size = str(answer.status), len(answer.body)
            return answer
        except IntegrationError as error:
            status = error.error_code
            raise
        finally:
            ms = round((time.monotonic() - began) * 1000, 1)
            log.info(
                "exchange", system=self._system, method=method, what=what, status=status, size=size, ms=ms
            )

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float | None
    ) -> Answer:
        connect_s, read_s = self._timeouts
        host = urlsplit(url).hostname
        asked_at = utc_now()
        try:
            response = self._session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=(connect_s, timeout_s or read_s),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _read_body(response)
            received = CaseInsensitiveDict(response.headers)
            return Answer(method, response.status_code, received, content, asked_at, utc_now())
        except requests.exceptions.ConnectTimeout:
            raise NoAnswer(f"{host} could not be reached within {connect_s:g} s.", was_sent=False) from None
        except requests.exceptions.SSLError:
            raise NoAnswer(f"{host} has no valid certificate.", was_sent=False, may_repeat=False) from None
        except (requests.exceptions.Timeout, TimeoutError):
            raise Late(f"{host} did not answer within {timeout_s or read_s:g} s.") from None
        except requests.exceptions.ConnectionError as error:
            raise _broken(host, error) from None
        except (requests.exceptions.RequestException, HTTPError, OSError) as error:
            raise NoAnswer(
                f"The answer of {host} broke off ({type(error).__name__}).", was_sent=True
            ) from None


def _broken(host: str | None, error: requests.exceptions.ConnectionError) -> NoAnswer:
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, NewConnectionError):
        return NoAnswer(f"{host} could not be reached.", was_sent=False)
    return NoAnswer(f"{host} closed the connection without an answer.", was_sent=True)


def _read_body(response: requests.Response) -> bytes:
    """The whole body, unpacked. Raises IntegrationError above the cap and NoAnswer after the deadline."""
    until = time.monotonic() + ANSWER_DEADLINE_S
    body = bytearray()
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > ANSWER_CAP_BYTES:
            raise AnswerTooLarge
        if time.monotonic() > until:
            raise Late(f"The answer was not complete after {ANSWER_DEADLINE_S:g} s.")
    return bytes(body)


def _new_session(reach: Reach) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    # A shop's cookie would tie questions together that have nothing to do with each other.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"User-Agent": "Kontor/0.1", "Accept": "application/json"})
    adapter = _GuardedAdapter(reach)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _GuardedAdapter(HTTPAdapter):
    """Opens every connection through `reach`; neither retries nor follows anything by itself."""

    def __init__(self, reach: Reach) -> None:
        self._pools = _guarded_pools(reach)
        super().__init__(max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """requests' hook: a pool manager whose pools open guarded connections."""
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


def _guarded_pools(reach: Reach) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _open(self, reach)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _open(self, reach)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _open(connection: HTTPConnection, reach: Reach) -> socket.socket:
    """A socket to an address that was judged just now; name and certificate are still checked against the host."""
    try:
        addresses = reach.addresses(connection.host, connection.port)
    except NameUnknown as unknown:
        raise NewConnectionError(connection, unknown.message) from None
    trouble: Exception | None = None
    for address in addresses:
        try:
            # A numeric address: nothing is looked up again.
            return create_connection(
                (address, connection.port), connection.timeout, connection.source_address
            )
        except TimeoutError as late:
            trouble = ConnectTimeoutError(connection, str(late))
        except OSError as error:
            trouble = NewConnectionError(connection, str(error))
    raise trouble or NewConnectionError(connection, "no address")


def _seconds_until(retry_after: str) -> float | None:
    text = retry_after.strip()
    if text.isdigit():
        return float(text[:9])
    moment = _moment(text)
    return None if moment is None else max(0.0, (moment - utc_now()).total_seconds())


def _moment(text: str) -> datetime | None:
    """A time as HTTP's headers write it; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
