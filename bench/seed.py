"""Fill an empty database with any number of plausible orders, fast: set-based, indexes built afterwards.

    python -m bench.seed --url postgresql://kontor:…@127.0.0.1/bench --orders 1000000

Orders have 2.67 items on average; open ones are the newest, as on a real desk, and eight of ten are delivered.
A million orders take a few minutes on two cores. The database must be empty; it is migrated first.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from zlib import crc32

import psycopg
from psycopg import sql

from bench import seed_sql
from webapp.core.migrate import upgrade
from webapp.core.text import fold

# Customers per order: shops of this size see each customer a little more than twice.
CUSTOMERS_PER_ORDER = 0.45
# First and last names that go together: Turkish, European, Arabic in Latin and in Arabic letters.
PEOPLE = (
    (
        "Elif Emre Ayşe Mehmet Fatma Mustafa Zeynep Burak Gül Kerem Ece Deniz Selin Çağrı Şule İrem Ömer Ümit Hatice Yusuf",
        "Yılmaz Kaya Demir Şahin Çelik Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Çetin Kara Koç Kurt Özkan "
        "Şimşek Polat Korkmaz Güneş",
    ),
    (
        "Anna Lukas Jürgen Sophie François Chloé Søren Zoë",
        "Müller Schröder Weiß Dupont Lefèvre Nielsen García Smith",
    ),
    ("Omar Layla Hassan Noor Salma Tariq", "Haddad Khoury Mansour Nasser Rahman Saleh"),
    ("أحمد فاطمة محمد نورة خالد ليلى", "الحربي القحطاني العتيبي الزهراني"),
)
# Only primary and unique keys stay while rows are written: building the others afterwards is several times faster.
DROPPABLE = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND NOT i.indisprimary
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
"""
FILLED_BY_NUMBER = (
    "channel",
    "payment_option",
    "cargo_company",
    "cancellation_reason",
    "product",
    "customer",
    "address",
    "orders",
)


def seed(url: str, orders: int, newest: datetime) -> None:
    """Write `orders` orders, the newest placed at `newest`; raises RuntimeError when there are orders already."""
    upgrade(url)
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT EXISTS (SELECT 1 FROM orders)").fetchone() != (False,):
            raise RuntimeError("This database has orders already; seed an empty one.")
        _prepare(connection)
        with _without_indexes(connection):
            _fill(
                connection,
                {"n": orders, "customers": max(int(orders * CUSTOMERS_PER_ORDER), 1), "newest": newest},
            )
        for table in FILLED_BY_NUMBER:
            _continue_numbers(connection, table)
        with _said("vacuum and statistics"):
            connection.execute("VACUUM ANALYZE")


def _prepare(connection: psycopg.Connection) -> None:
    for setting in (
        "synchronous_commit = off",
        "maintenance_work_mem = '512MB'",
        "work_mem = '256MB'",
        "jit = off",
    ):
        connection.execute(sql.SQL("SET " + setting))  # type: ignore[arg-type]
    if _is_superuser(connection):
        # Every reference is right by construction; checking them one by one would take longer than writing.
        connection.execute("SET session_replication_role = replica")
    connection.execute(seed_sql.ROLL)
    connection.execute(seed_sql.NAMES)
    names = [(first, last) for firsts, lasts in PEOPLE for first in firsts.split() for last in lasts.split()]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO seed_name VALUES (%s, %s, %s, %s, %s)",
            [
                (i, first, last, fold(f"{first} {last}"), _mail(first, last))
                for i, (first, last) in enumerate(names)
            ],
        )
    connection.execute("ANALYZE seed_name")


def _fill(connection: psycopg.Connection, parameters: dict[str, object]) -> None:
    for statement in seed_sql.REFERENCE:
        connection.execute(statement)
    steps = {
        "customers": seed_sql.CUSTOMERS,
        "addresses": seed_sql.ADDRESSES,
        "plan": seed_sql.PLAN,
        "items": seed_sql.ITEMS,
        "orders": seed_sql.ORDERS,
    }
    for name, statement in steps.items():
        with _said(name):
            connection.execute(statement, parameters if "%(" in statement else None)  # type: ignore[arg-type]
    connection.execute("DROP TABLE seed_plan")
    connection.execute("ANALYZE")
    with _said("payments, refunds, search, audit, notes"):
        for statement in seed_sql.AROUND:
            connection.execute(statement)


@contextmanager
def _without_indexes(connection: psycopg.Connection) -> Iterator[None]:
    indexes = connection.execute(DROPPABLE).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")  # type: ignore[arg-type]
    yield
    for name, definition in indexes:
        with _said(f"index {name}"):
            connection.execute(definition)


def _continue_numbers(connection: psycopg.Connection, table: str) -> None:
    question = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {0}), false)"
    connection.execute(question.format(table))  # type: ignore[arg-type]


def _is_superuser(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (
        True,
    )


def _mail(first: str, last: str) -> str:
    plain = fold(f"{first}.{last}").replace(" ", "")
    return plain if plain.isascii() else f"customer{crc32(plain.encode()) % 1000}"


@contextmanager
def _said(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="of an empty PostgreSQL database")
    parser.add_argument("--orders", type=int, default=10_000)
    arguments = parser.parse_args()
    seed(arguments.url, arguments.orders, datetime.now(UTC))


if __name__ == "__main__":
    main()
