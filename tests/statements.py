"""Counting the statements that reach the database: what a page costs, whatever is on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from webapp.core.db import db


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
