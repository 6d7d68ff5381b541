"""What the answers of a WooCommerce shop mean. The status alone is not believed: what was asked for has to be in the body."""

from contextlib import suppress

from webapp.channels.connection import Judge, NoSuchRemote, WrongAddress
from webapp.core.errors import IntegrationError, IntegrationUnauthorizedException
from webapp.core.http import Answer
from webapp.core.redaction import redact

# Refusals that are about now, not about the question.
_PASSING = frozenset({408, 425, 429})


def judge(answer: Answer) -> None:
    """Raise what an answer to a question means, unless it is the JSON that was asked for."""
    if answer.is_success:
        if answer.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
            raise answer.unreadable()
        return
    if 300 <= answer.status < 400:
        raise WrongAddress("The shop redirects to another address; enter that one as the channel's address.")
    code, words = problem_of(answer)
    details = {"status": answer.status, "code": code}
    if answer.status == 401 or (answer.status == 403 and code):
        raise IntegrationUnauthorizedException(
            f"The shop does not accept the consumer key and secret: {words}", details=details
        )
    if answer.status == 404 and code.endswith("_invalid_id"):
        raise NoSuchRemote(f"The shop does not have it: {words}")
    if code == "rest_no_route":
        raise WrongAddress(
            "The shop has no WooCommerce REST API v3 at this address. Is the address right, and are its "
            "permalinks not “plain”?"
        )
    # Without a code of WooCommerce's own it was something in between that answered.
    definite = bool(code) and answer.status < 500 and answer.status not in _PASSING
    raise IntegrationError(f"The shop answered {answer.status}: {words}", permanent=definite, details=details)


def judge_order(remote_id: str) -> Judge:
    """The answer must be this order: not an error that a plug-in sent with 200, nor another order out of a cache."""

    def judged(answer: Answer) -> None:
        judge(answer)
        body = answer.json()
        if not isinstance(body, dict) or str(body.get("id")) != str(int(remote_id)):
            raise unlike(answer)

    return judged


def judge_order_unless_gone(remote_id: str) -> Judge:
    """An order that is not there is an answer, when the API itself says so."""

    def judged(answer: Answer) -> None:
        with suppress(NoSuchRemote):
            judge_order(remote_id)(answer)

    return judged


def judge_list(answer: Answer) -> None:
    """A list must be one: an error that came with 200 is not “nothing there”."""
    judge(answer)
    if not isinstance(answer.json(), list):
        raise unlike(answer)


def judge_made(answer: Answer) -> None:
    """What was made must be in the answer, not an error."""
    judge(answer)
    body = answer.json()
    if not isinstance(body, dict) or problem_of(answer)[0]:
        raise unlike(answer)


def unlike(answer: Answer) -> IntegrationError:
    """The status says success and the body something else: nobody knows what was done, and asking again can help."""
    code, words = problem_of(answer)
    said = f"an error: {words}" if code else "something else than what it was asked for."
    details = {"status": answer.status, "code": code}
    return IntegrationError(f"The shop answered {answer.status} with {said}", code="unlike", details=details)


def judge_unless_no_route(answer: Answer) -> None:
    """A route that is not there is an answer too, when WordPress itself says so."""
    if answer.status != 404 or problem_of(answer)[0] != "rest_no_route":
        judge(answer)


def problem_of(answer: Answer) -> tuple[str, str]:
    """The code and the words of an error in WooCommerce's form; the code is empty for any other body."""
    try:
        body = answer.json()
    except IntegrationError as unreadable:
        return "", unreadable.message
    if not isinstance(body, dict):
        return "", "no words"
    return str(body.get("code") or ""), redact(str(body.get("message") or "no words"))[:300]
