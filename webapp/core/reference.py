"""Reference data: small tables that staff keep (carriers, reasons, products …), all written in one way.

Each area describes its tables as a `Kind` and gives a function that checks the values; here they are created, changed
and deleted so that every change leaves an audit row with old and new values, a taken name is a sentence beside its
field, and what is in use is not deleted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.db import Base
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.text import N_

Row = TypeVar("Row", bound=Base)
Values = dict[str, Any]

FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"
IN_USE = N_("This is in use and cannot be deleted. Switch it off instead, or leave it.")
GONE = N_("This is not there any more.")


@dataclass(frozen=True)
class Kind(Generic[Row]):
    """One table of reference data.

    `word` is its name in the audit log; `fields` are what staff may set, `fixed` those of them that stay as they were
    created, because orders carry them. `check` gets the values to be written and returns them cleaned, or raises
    InvalidInput. `taken` maps a unique constraint to the field and sentence that explain it.
    """

    word: str
    model: type[Row]
    fields: tuple[str, ...]
    check: Callable[[Session, Values], Values]
    fixed: frozenset[str] = frozenset()
    taken: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def create(session: Session, context: AuditContext, kind: Kind[Row], values: Mapping[str, Any]) -> Row:
    """A new row. Raises InvalidInput with sentences for the fields."""
    row = kind.model(**kind.check(session, _allowed(kind, values)))
    _write(session, kind, row)
    record(
        session,
        context,
        f"{kind.word}.created",
        subject=(kind.word, key_of(row)),
        changes=_changes({}, state(kind, row)),
    )
    return row


def update(
    session: Session, context: AuditContext, kind: Kind[Row], key: object, values: Mapping[str, Any]
) -> Row:
    """Change a row; what stays the same is not written and leaves no audit row. Raises NotFound or InvalidInput."""
    row = get(session, kind, key, lock=True)
    before = state(kind, row)
    wanted = {name: value for name, value in _allowed(kind, values).items() if name not in kind.fixed}
    for name, value in kind.check(session, {**_plain_values(kind, row), **wanted}).items():
        if name not in kind.fixed:
            setattr(row, name, value)
    _write(session, kind, row)
    changes = _changes(before, state(kind, row))
    if changes:
        record(session, context, f"{kind.word}.changed", subject=(kind.word, key), changes=changes)
    return row


def delete(session: Session, context: AuditContext, kind: Kind[Row], key: object) -> None:
    """Take a row away that nothing refers to. Raises NotFound, or Conflict while it is in use."""
    row = get(session, kind, key, lock=True)
    changes = _changes(state(kind, row), {})
    try:
        with session.begin_nested():
            session.delete(row)
            session.flush()
    except IntegrityError as error:
        if _sqlstate(error) != FOREIGN_KEY_VIOLATION:
            raise
        raise Conflict(IN_USE, code="in_use") from error
    record(session, context, f"{kind.word}.deleted", subject=(kind.word, key), changes=changes)


def get(session: Session, kind: Kind[Row], key: object, *, lock: bool = False) -> Row:
    """The row, locked for a change when asked. Raises NotFound."""
    row = session.get(kind.model, key, with_for_update=lock or None)
    if row is None:
        raise NotFound(GONE)
    return row


def state(kind: Kind[Row], row: Row) -> dict[str, Any]:
    """The row's values as the audit log writes them."""
    return {name: _written(getattr(row, name)) for name in kind.fields}


def key_of(row: Base) -> object:
    """The primary key."""
    (key,) = inspect(row).mapper.primary_key_from_instance(row)
    return key


def refuse(name: str, sentence: str) -> InvalidInput:
    """The refusal of one field."""
    return InvalidInput(sentence, fields={name: [sentence]})


def _allowed(kind: Kind[Row], values: Mapping[str, Any]) -> Values:
    """Only what staff may set; a caller that hands in another column has a bug."""
    unknown = values.keys() - set(kind.fields)
    if unknown:
        raise ValueError(f"{kind.word} has no field {sorted(unknown)}.")
    return dict(values)


def _plain_values(kind: Kind[Row], row: Row) -> Values:
    return {name: getattr(row, name) for name in kind.fields}


def _write(session: Session, kind: Kind[Row], row: Row) -> None:
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        known = kind.taken.get(_constraint(error))
        if known is None:
            raise
        raise refuse(*known) from error


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    names = {**before, **after}
    return {
        name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)
    }


def _written(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def _constraint(error: IntegrityError) -> str:
    return str(getattr(getattr(error.orig, "diag", None), "constraint_name", "") or "")


def _sqlstate(error: IntegrityError) -> str:
    return str(getattr(error.orig, "sqlstate", ""))
