"""The most that the tables and indexes take: rows put back as they were, with everything prepared."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, text

# In the order in which foreign keys allow them; the first ones belong to no batch of orders.
WHOLE = (
    "stock_list",
    "product",
    "channel",
    "payment_option",
    "installment",
    "external_status",
    "cargo_company",
)
# Table and the column by which its rows belong to a batch.
BATCHED = (
    ("customer", "id"),
    ("address", "id"),
    ("orders", "id"),
    ("order_item", "id"),
    ("payment_transaction", "id"),
    ("order_item_transaction", "order_item_id"),
    ("discount_item", "id"),
    ("order_search", "order_id"),
    ("audit_entry", "id"),
)
# On tables that were empty a moment ago, foreign keys would be checked by reading whole tables; ours says so for itself.
BY_INDEX = text("SET LOCAL enable_seqscan = off")
FOLLOWS = {"order_item_transaction": "order_item", "order_search": "orders"}


@dataclass
class Marks:
    """Up to which id each table was filled after each batch."""

    engine: Engine
    batches: list[dict[str, int]] = field(default_factory=list)

    def note(self, connection: Connection) -> None:
        """Remember where the tables end now."""
        counted = [table for table, _ in BATCHED if table not in FOLLOWS]
        ends = connection.execute(
            text("SELECT " + ", ".join(f"(SELECT max(id) FROM {table}) AS {table}" for table in counted))
        )
        self.batches.append(dict(zip(counted, ends.one(), strict=True)))


@dataclass(frozen=True)
class Statement:
    """An INSERT with its arrays, written by PostgreSQL itself."""

    sql: str
    arrays: dict[str, str]


def prepare(engine: Engine, marks: Marks) -> list[list[Statement]]:
    """Everything that is in the tables, as one list of statements per batch; the first list is reference data."""
    with engine.connect() as connection:
        batches = [[_statement(connection, table, "true") for table in WHOLE]]
        before: dict[str, int] = {}
        for after in marks.batches:
            batches.append(
                [
                    _statement(
                        connection, table, _range(column, before.get(counted) or 0, after[counted] or 0)
                    )
                    for table, column in BATCHED
                    for counted in [FOLLOWS.get(table, table)]
                ]
            )
            before = after
    return batches


def replay(engine: Engine, batches: Sequence[Sequence[Statement]]) -> None:
    """Insert them, a transaction per batch."""
    with engine.connect() as connection:
        for batch in batches:
            with connection.begin():
                connection.execute(BY_INDEX)
                for statement in batch:
                    connection.exec_driver_sql(statement.sql, statement.arrays)


def _range(column: str, after: int, last: int) -> str:
    return f"{column} > {after} AND {column} <= {last}"


def _statement(connection: Connection, table: str, where: str) -> Statement:
    columns = connection.execute(
        text(
            "SELECT attname, format_type(atttypid, NULL) AS kind FROM pg_attribute"
            " WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        ),
        {"table": table},
    ).all()
    # Ranges have no array literal that a cast takes; no order of these has one.
    names = [(name, kind) for name, kind in columns if kind != "tstzrange"]
    arrays = connection.execute(
        text(
            f"SELECT {', '.join(f'array_agg({name})::text' for name, _ in names)} FROM {table} WHERE {where}"
        )
    ).one()
    given = ", ".join(f"%({name})s::{kind}[]" for name, kind in names)
    listed = ", ".join(name for name, _ in names)
    return Statement(
        f"INSERT INTO {table} ({listed}) SELECT * FROM unnest({given})",
        {name: array or "{}" for (name, _), array in zip(names, arrays, strict=True)},
    )
