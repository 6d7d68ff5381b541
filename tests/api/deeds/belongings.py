"""Every row that belongs to something, without what differs between two equal things."""

import re
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, select

from webapp.core.db import Base, db

Rows = dict[str, list[dict[str, Any]]]

# What differs between two equal things, and when something was.
OWN = {
    "id", "number", "remote_id", "order_id", "group_id", "idem_key", "order_item_id", "plan_id", "transaction_id",
    "refund_id", "cancellation_plan_id", "subject_id", "origin", "actor", "request_id", "remote_addr", "dedupe_key",
    "operation_id", "gateway_ref", "folded", "package_id", "channel_id", "subscription_id", "event_id", "upload_id",
    "subject", "secrets", "key", "stored_name", "content_hash", "file_name", "lease_token", "answer_ms", "reference",
    "submission", "payee_id", "author", "product_id",
}  # fmt: skip
TIMES = ("_at", "_date", "_until", "_since")
UNTOLD = {"at", "facts", "args", "summary", "payload"}
# Inside a row's JSON: which item, and when it was shipped.
INSIDE = {"item", "shipped"}


def of_order(order_id: int) -> Rows:
    """Every row of every table that belongs to the order."""
    found = {
        table.name: column == order_id
        for table in tables()
        if (column := table.c.id if table.name == "orders" else table.c.get("order_id")) is not None
    }
    return rows_where(found)


def of(word: str, key: Any, **columns: str) -> Rows:
    """The rows of these tables that name the thing in these columns, and its audit entries as `word`."""
    table_of = {table.name: table for table in tables()}
    wanted: dict[str, ColumnElement[bool]] = {
        name: table_of[name].c[column] == key for name, column in columns.items()
    }
    log = table_of["audit_entry"]
    wanted["audit_entry"] = and_(log.c.subject_type == word, log.c.subject_id == str(key))
    return rows_where(wanted)


def rows_where(wanted: dict[str, ColumnElement[bool]]) -> Rows:
    """The rows of each table for which that holds."""
    db.session.rollback()
    found: Rows = {}
    for table in tables():
        if table.name in wanted:
            query = select(table).where(wanted[table.name]).order_by(*_order(table))
            # What a form refuses by itself is not kept; the codes of what is kept are compared elsewhere.
            rows = [dict(row) for row in db.session.execute(query).mappings() if not row.get("refused")]
            found[table.name] = [_plain(row) for row in rows]
    assert found.keys() == wanted.keys()
    return found


def tables() -> list[Table]:
    """Every table that has a model."""
    found = {mapper.local_table for mapper in Base.registry.mappers}
    return [table for table in found if isinstance(table, Table)]


def _order(table: Table) -> list[Column[Any]]:
    """Keys by chance say nothing about which row came first."""
    by_chance = [column for column in table.primary_key if column.type.python_type.__name__ == "UUID"]
    return [table.c.created_at] if by_chance and "created_at" in table.c else list(table.primary_key)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    kept = {
        name: _same(value)
        for name, value in row.items()
        if name not in OWN | UNTOLD and not name.endswith(TIMES)
    }
    if isinstance(kept.get("changes"), dict):
        kept["changes"] = sorted(kept["changes"])
    return kept


def _same(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"plan \d+", "plan", re.sub(r"\b100[12]\b", "N", value))
    if isinstance(value, list):
        return [_same(each) for each in value]
    if isinstance(value, dict):
        return {name: _same(each) for name, each in value.items() if name not in INSIDE}
    return value
