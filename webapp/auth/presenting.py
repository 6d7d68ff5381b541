"""Which token a request to the API carries, and that it is not used too often."""

from flask import request

from webapp.auth import tokens
from webapp.auth.permissions import set_token_staff
from webapp.core.db import unit_of_work
from webapp.core.errors import DomainError

SCHEMES = frozenset({"token", "bearer"})


class TooManyRequests(DomainError):
    """The token has had its requests of this minute; `retry_after_s` says when the next one counts."""

    code = "too_many_requests"
    http_status = 429

    def __init__(self, retry_after_s: int) -> None:
        words = f"This token has had its requests of this minute. Ask again in {retry_after_s} s."
        super().__init__(words, details={"retry_after_s": retry_after_s})


def take_token() -> None:
    """Let the token's owner act in this request, within the token's rights. Raises TooManyRequests."""
    set_token_staff(None)
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in SCHEMES or not token.strip():
        return
    with unit_of_work() as session:
        presented = tokens.present(session, token.strip())
    if presented is None:
        return
    set_token_staff(presented.staff)
    if presented.wait_s:
        raise TooManyRequests(presented.wait_s)
