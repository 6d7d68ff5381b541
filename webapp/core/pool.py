"""Whether a pooled connection still stands, asked without a round trip wherever that can be told.

SQLAlchemy's `pool_pre_ping` sends a statement before each use, which a page that asks two or three has to wait for.
A server that ends a connection says so on it, and an idle connection has nothing else to read: so a quiet socket
that was used a moment ago stands. What rested for longer is asked, because a firewall between drops without a word.
"""

import select
import time
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

REST_S: Final = 30.0  # well below the minutes after which firewalls forget an idle connection
_USED = "kontor_used_at"


def check_connections(engine: Engine) -> None:
    """Replace connections that broke while they lay in the pool; whoever asks for one never sees it."""
    event.listen(engine, "checkout", _check)
    event.listen(engine, "checkin", _remember)


def _check(connection: psycopg.Connection[Any], record: Any, _proxy: Any) -> None:
    used_at = record.info.get(_USED)
    if used_at is None:
        return  # made for this checkout
    in_doubt = time.monotonic() - used_at > REST_S or _has_word(connection)
    if in_doubt and not _answers(connection):
        record.info.pop(_USED)
        raise DisconnectionError("The server ended this connection while it lay in the pool.")


def _remember(_connection: Any, record: Any) -> None:
    record.info[_USED] = time.monotonic()


def _has_word(connection: psycopg.Connection[Any]) -> bool:
    """Whether something waits to be read: of an idle connection that is the server's farewell."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _answers(connection: psycopg.Connection[Any]) -> bool:
    try:
        connection.execute("SELECT 1")
        connection.commit()  # not a rollback, upon which psycopg forgets what it has prepared
    except psycopg.Error:
        return False
    return True
