"""The parcel API: a carrier reached over HTTPS with a key, as the sandbox's carrier speaks it.

POST /v1/shipments, PUT /v1/shipments/{number}/address, POST …/redirects, POST …/cancel; each carries our reference,
and GET /v1/requests/{reference} tells what became of it. A refusal is JSON with `code` and `message`.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

from webapp.cargo.carrier import CarrierAnswer, ErrandKind, Outcome, Request
from webapp.core.errors import IntegrationError
from webapp.core.http import Answer, HttpClient
from webapp.core.reach import AddressRefused
from webapp.core.redaction import redact

LONGEST_WORDS: Final = 300
LONGEST_NUMBER: Final = 64  # characters; the column's. A number that is cut names no parcel
# Refusals that are about now, not about the wish.
_PASSING: Final = frozenset({408, 425, 429})
_STATES: Final = {"done": Outcome.DONE, "asked": Outcome.ASKED, "refused": Outcome.REFUSED}
_UNKNOWN_REFERENCE: Final = "unknown_reference"


class ParcelApi:
    """One account. Every changing request is sent once; who asked decides what happens next."""

    def __init__(self, name: str, *, http: HttpClient, base_url: str, api_key: str) -> None:
        self.name = name
        self._http = http
        self._base = f"{base_url.rstrip('/')}/v1"
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def ask(self, request: Request) -> CarrierAnswer:
        """Send it; the body is the same for every attempt."""
        method, path = _door(request)
        body: dict[str, Any] = {"reference": request.reference}
        if request.kind is ErrandKind.LABEL:
            body["order"] = request.order_number
        if request.receiver is not None:
            body["receiver"] = asdict(request.receiver)
        try:
            answer = self._http.send(
                method,
                self._base + path,
                what=f"parcel.{request.kind}",
                json_body=body,
                authorise=lambda *_: self._headers,
            )
        except IntegrationError as error:
            return _unreached(error)
        return _meaning(answer, request)

    def look(self, request: Request) -> CarrierAnswer | None:
        """Ask for our reference; None when the carrier says that it never had it."""
        url = f"{self._base}/requests/{quote(request.reference, safe='')}"
        try:
            answer = self._http.get(url, what="parcel.look", authorise=lambda *_: self._headers)
        except IntegrationError as error:
            return _unreached(error)
        found = _meaning(answer, request)
        return None if found.code == _UNKNOWN_REFERENCE else found


def _door(request: Request) -> tuple[str, str]:
    parcel = f"/shipments/{quote(request.tracking_number, safe='')}"
    match request.kind:
        case ErrandKind.LABEL:
            return "POST", "/shipments"
        case ErrandKind.UPDATE:
            return "PUT", f"{parcel}/address"
        case ErrandKind.REDIRECT:
            return "POST", f"{parcel}/redirects"
        case ErrandKind.CANCEL:
            return "POST", f"{parcel}/cancel"


def _unreached(error: IntegrationError) -> CarrierAnswer:
    outcome = Outcome.MISCONFIGURED if isinstance(error, AddressRefused) else Outcome.UNKNOWN
    return CarrierAnswer(outcome, code=error.error_code, words=error.message)


def _meaning(answer: Answer, request: Request) -> CarrierAnswer:
    """What the carrier said. Only its own JSON is believed: an error page of something in between is no answer."""
    if 300 <= answer.status < 400:
        words = "The carrier redirects to another address; enter that one as the account's address."
        return CarrierAnswer(Outcome.MISCONFIGURED, code="redirect", words=words)
    body = _body(answer)
    code = str(body.get("code") or "")[:64]
    words = redact(str(body.get("message") or ""))[:LONGEST_WORDS]
    if answer.status in (401, 403):
        return CarrierAnswer(Outcome.MISCONFIGURED, code=code, words=words or "The key is not valid.")
    if answer.is_success and body.get("status") in _STATES:
        return _taken(body, request, code, words)
    definite = bool(code) and 400 <= answer.status < 500 and answer.status not in _PASSING
    outcome = Outcome.REFUSED if definite else Outcome.UNKNOWN
    said = words or f"The carrier answered {answer.status} with something that is not what was asked for."
    return CarrierAnswer(outcome, code=code, words=said, retry_after_s=answer.retry_after_s)


def _body(answer: Answer) -> Mapping[str, Any]:
    """The answer's object; empty for anything else."""
    try:
        body = answer.json()
    except IntegrationError:
        return {}
    return body if isinstance(body, dict) else {}


def _taken(body: Mapping[str, Any], request: Request, code: str, words: str) -> CarrierAnswer:
    """What the carrier has done, if it says so of this parcel; a label is one only with a number that can be kept."""
    outcome, number = _STATES[body["status"]], str(body.get("number") or "")
    if outcome is Outcome.DONE and request.kind is ErrandKind.LABEL and not 0 < len(number) <= LONGEST_NUMBER:
        return CarrierAnswer(Outcome.UNKNOWN, code="no_number", words="The answer has no parcel's number.")
    if request.tracking_number and number not in ("", request.tracking_number):
        return CarrierAnswer(
            Outcome.UNKNOWN, code="other_parcel", words="The answer is about another parcel."
        )
    return CarrierAnswer(outcome, number, code, words)
