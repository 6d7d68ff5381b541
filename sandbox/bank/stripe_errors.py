"""Refusals in Stripe's words and shape."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class StripeProblem(Exception):
    """`is_kept`: the request had started, so the answer is kept under its key; a failed check is not."""

    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None
    is_kept: bool = False
    should_retry: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        error = {"type": self.type, "message": self.message, "code": self.code, "param": self.param}
        return {"error": {name: value for name, value in error.items() if value is not None} | self.extra}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeProblem:
    return StripeProblem(400, "invalid_request_error", message, code, param)


def refused(message: str, param: str | None = None, code: str | None = None, **extra: Any) -> StripeProblem:
    """Well formed, but not possible: kept under the key."""
    return StripeProblem(
        400, "invalid_request_error", message, code, param, is_kept=True, should_retry=False, extra=extra
    )


def missing(kind: str, name: str, param: str) -> StripeProblem:
    return StripeProblem(
        404,
        "invalid_request_error",
        f"No such {kind}: '{name}'",
        "resource_missing",
        param,
        is_kept=True,
        should_retry=False,
    )


def unrecognized(method: str, path: str) -> StripeProblem:
    message = f"Unrecognized request URL ({method}: {path})."
    return StripeProblem(404, "invalid_request_error", message, should_retry=False)


def broken() -> StripeProblem:
    message = "An unexpected error occurred while processing your request."
    return StripeProblem(500, "api_error", message, is_kept=True)


def error_body(path: str, status: int) -> str:
    """What a broken bank says; for faults that hide the real answer. The path tells the dialect."""
    if not path.startswith("/v1/"):
        code = "10429" if status == 429 else "1"
        return json.dumps(
            {"status": "failure", "errorCode": code, "errorMessage": "System error", "locale": "en"}
        )
    if status == 429:
        return json.dumps(
            StripeProblem(429, "invalid_request_error", "Too many requests.", "rate_limit").body()
        )
    return json.dumps(broken().body())
