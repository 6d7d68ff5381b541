"""`Idempotency-Key`: a POST that is sent again is answered from what was kept, and not done again.

The key is claimed in a transaction of its own before anything runs (409 for whoever comes meanwhile), and marked
`committed` in the transaction of the deed itself. So even a process that dies between the deed and its answer leaves
no way to do the deed twice: what was committed is never claimed again, and what was not is undone.
"""

import hashlib
import json
import logging
import re
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, Response, g, request
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from webapp.auth import idempotency as store
from webapp.auth.idempotency import Claim, Kept
from webapp.auth.permissions import is_for_programs, staff_or_none
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput

log = logging.getLogger(__name__)

_KEY: Final = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS: Final = ("Content-Type", "ETag", "Location")
_HELD: Final = "kontor_idempotency"
_INSTEAD: Final = "kontor_idempotency_instead"


class MalformedKey(InvalidInput):
    """The header is there, but is no key."""

    code = "malformed_idempotency_key"
    http_status = 400


def init_idempotency(app: Flask) -> None:
    """Look at the key of every POST to the API. Call it when the guard is in place: only who may act claims."""
    app.before_request(_begin)
    app.after_request(_end)


def keep_instead(document: dict[str, Any]) -> None:
    """What a repeated request is answered in place of this answer, which holds a secret that is told once."""
    setattr(g, _INSTEAD, json.dumps(document).encode())


def _begin() -> Response | None:
    key, staff = request.headers.get("Idempotency-Key"), staff_or_none() if is_for_programs() else None
    if key is None or request.method != "POST" or staff is None or staff.token_id is None:
        return None
    if not _KEY.fullmatch(key):
        raise MalformedKey("An Idempotency-Key has 1 to 255 printable ASCII characters.")
    with unit_of_work() as session:
        found = store.claim(session, staff.token_id, key, _fingerprint())
    if isinstance(found, Kept):
        return _again(found)
    mark = _marker(found)
    event.listen(db.session(), "before_commit", mark)
    setattr(g, _HELD, (found, mark))
    return None


def _end(response: Response) -> Response:
    held: tuple[Claim, Callable[[Any], None]] | None = g.pop(_HELD, None)
    if held is None:
        return response
    mine, mark = held
    event.remove(db.session(), "before_commit", mark)
    try:
        with unit_of_work() as session:
            if response.status_code >= 500:
                store.forget(session, mine)
            store.keep(session, mine, _kept(response))
    except SQLAlchemyError as error:
        # What was done stays done and marked; only a repeated request will not get these words.
        log.warning("The answer to a numbered request could not be kept: %s", type(error).__name__)
    return response


def _marker(mine: Claim) -> Callable[[Any], None]:
    def mark(session: Any) -> None:
        store.mark_committed(session, mine)

    return mark


def _kept(response: Response) -> Kept:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body: bytes | None = g.pop(_INSTEAD, None) if response.status_code < 400 else None
    return Kept(response.status_code, headers, response.get_data() if body is None else body)


def _again(kept: Kept) -> Response:
    response = Response(kept.body, kept.status, headers=dict(kept.headers))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _fingerprint() -> bytes:
    """What makes a request the same: where it goes and every byte that it says."""
    said = hashlib.sha256()
    for part in (request.path.encode(), request.query_string, (request.mimetype or "").encode()):
        said.update(len(part).to_bytes(4, "big") + part)
    said.update(_body())
    return said.digest()


def _body() -> bytes:
    """What is sent; without a form's boundary, which clients draw anew at every try."""
    body = request.get_data(cache=True)
    boundary = request.mimetype_params.get("boundary", "").encode()
    return body.replace(b"--" + boundary, b"--") if boundary else body
