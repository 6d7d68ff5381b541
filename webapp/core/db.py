"""The database: typed columns, one unit of work, and hooks that run after its commit.

Entry points (a view, an API route, a job, a command) open `unit_of_work()`; services take the session,
may flush, and never commit. Nothing else in the house commits.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import psycopg
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as BindingSession
from sqlalchemy import BigInteger, DateTime, Engine, Identity, MetaData, Numeric, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

log = logging.getLogger(__name__)

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
# Four decimals hold every ISO 4217 exponent (0 to 4); amounts are quantised by core/money.py before they come here.
MoneyColumn = Annotated[Decimal, mapped_column(Numeric(18, 4), default=Decimal(0), server_default="0")]
OptionalMoney = Annotated[Decimal | None, mapped_column(Numeric(18, 4))]
CurrencyColumn = Annotated[str, mapped_column(String(3))]
UtcTime = Annotated[datetime, mapped_column(DateTime(timezone=True))]
OptionalUtcTime = Annotated[datetime | None, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
JsonColumn = Annotated[dict[str, Any], mapped_column(JSONB, default=dict, server_default="{}")]
JsonList = Annotated[list[Any], mapped_column(JSONB, default=list, server_default="[]")]


class Base(DeclarativeBase):
    """Every table of the product; constraints are named after the rule they guard."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: DateTime(timezone=True)}


_HOOKS = "kontor_after_commit"
_LAST_WORDS = "kontor_before_commit"
_OPEN = "kontor_unit_open"
_READING = "kontor_reading"


class HouseSession(BindingSession):
    """Flask-SQLAlchemy's session, for which PostgreSQL refuses to write between `begin_reading()` and a unit of work."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Any:
        """The engine; one whose transactions are READ ONLY while nothing but reading is expected."""
        bind = super().get_bind(*args, **kwargs)
        reads = self.info.get(_READING) and not self.info.get(_OPEN)
        return _reading(bind) if reads and isinstance(bind, Engine) else bind


# Models derive from our own typed Base; Flask-SQLAlchemy gives engine, session scope and teardown.
db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": HouseSession})


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One transaction: commits on exit, rolls back on any exception, then runs its `after_commit` hooks.

    Raises RuntimeError when one is already open: a service that opens its own would commit half a story.
    """
    session = db.session()
    if session.info.get(_OPEN):
        raise RuntimeError("A unit of work is already open; pass its session instead of opening another.")
    _end_transaction(session)  # A read before this one must not lend it an old snapshot.
    session.info[_OPEN] = True
    session.info[_HOOKS] = []
    session.info[_LAST_WORDS] = {}
    try:
        yield session
        for last_word in list(session.info[_LAST_WORDS].values()):
            last_word()
        session.commit()
    except BaseException:
        session.rollback()
        session.info[_HOOKS] = []
        raise
    finally:
        session.info[_OPEN] = False
        session.info.pop(_LAST_WORDS, None)
        hooks: list[Callable[[], None]] = session.info.pop(_HOOKS, [])
    _run_hooks(hooks)


@contextmanager
def unit_beside() -> Iterator[Session]:
    """A short transaction on a connection of its own, beside a long one that only reads: for progress and its lease."""
    with Session(db.engine) as session, session.begin():
        yield session


@contextmanager
def reading_on(engine: Engine) -> Iterator[Session]:
    """A session that only reads, on a connection of its own and outside of any request: for answers that stream."""
    with Session(_reading(engine)) as session:
        yield session


def after_commit(session: Session, hook: Callable[[], None]) -> None:
    """Run `hook` once this unit of work has committed. A hook only hints: losing it may cost seconds, never work.

    The same function given twice runs once.
    """
    hooks: list[Callable[[], None]] | None = session.info.get(_HOOKS)
    if hooks is None:
        raise RuntimeError("after_commit needs an open unit of work.")
    if hook not in hooks:
        hooks.append(hook)


def before_commit(session: Session, key: str, last_word: Callable[[], None]) -> None:
    """Write this as the last thing of this unit of work, once per `key`: for rows that many transactions meet at.

    What it locks is held for the length of the commit only, and nothing is waited for while holding it.
    """
    last_words: dict[str, Callable[[], None]] | None = session.info.get(_LAST_WORDS)
    if last_words is None:
        raise RuntimeError("before_commit needs an open unit of work.")
    last_words.setdefault(key, last_word)


def begin_reading(session: Session) -> None:
    """From here on the session only reads, but for its units of work: each transaction begins as READ ONLY."""
    session.info[_READING] = True


def end_reading(session: Session) -> None:
    """What was read is done with."""
    _end_transaction(session)
    session.info[_READING] = False


def _end_transaction(session: Session) -> None:
    """End the transaction before a unit of work, or of a whole request; nothing of it is kept.

    A READ ONLY one by COMMIT: upon ROLLBACK psycopg forgets the statements that it has prepared, and PostgreSQL
    would plan each of them anew for every page.
    """
    if session.info.get(_READING) and session.in_transaction():
        try:
            driver: Any = session.connection().connection.driver_connection
            driver.commit()
        except (SQLAlchemyError, psycopg.Error):
            session.invalidate()  # the server has gone; the pool makes another connection
    session.rollback()


@lru_cache(maxsize=4)
def _reading(engine: Engine) -> Engine:
    """The same connections, each transaction READ ONLY from its BEGIN on."""
    return engine.execution_options(postgresql_readonly=True)


def _run_hooks(hooks: list[Callable[[], None]]) -> None:
    for hook in hooks:
        try:
            hook()
        except Exception:
            log.warning("A hook after commit failed; the sweeper will find the work.", exc_info=True)
