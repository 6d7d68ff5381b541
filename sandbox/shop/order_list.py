"""Finds the orders of one page in the state file."""

import sqlite3
from typing import Any

from sandbox.shop.order_query import OrderQuery
from sandbox.shop.store import Page

# after and before are strict: an order of exactly that second is not in the answer.
COMPARISONS = {
    "after": "created{gmt} > ?",
    "before": "created{gmt} < ?",
    "modified_after": "modified{gmt} > ?",
    "modified_before": "modified{gmt} < ?",
}
COLUMNS = {
    "date": ("created", "id"),
    "title": ("created", "id"),
    "slug": ("created", "id"),
    "modified": ("modified", "id"),
    "id": ("id",),
}


def find_page(connection: sqlite3.Connection, query: OrderQuery) -> Page:
    conditions, values = _conditions(query)
    where = " AND ".join(conditions)
    total = connection.execute(f"SELECT count(*) FROM shop_order WHERE {where}", values).fetchone()[0]  # noqa: S608
    rows = connection.execute(
        f"SELECT id, body FROM shop_order WHERE {where} ORDER BY {_sorting(query)} LIMIT ? OFFSET ?",  # noqa: S608
        [*values, query.per_page, query.start],
    )
    return Page([row["body"] for row in rows], total)


def _conditions(query: OrderQuery) -> tuple[list[str], list[Any]]:
    conditions = [_status_condition(query)]
    values: list[Any] = [*_status_values(query)]
    suffix = "_gmt" if query.dates_are_gmt else ""
    for name, moment in query.dates.items():
        conditions.append(COMPARISONS[name].format(gmt=suffix))
        values.append(moment)
    for numbers, word in ((query.include, "IN"), (query.exclude, "NOT IN")):
        if numbers:
            conditions.append(f"id {word} ({','.join(map(str, numbers))})")
    if query.customer is not None:
        conditions.append("customer_id = ?")
        values.append(query.customer)
    if query.product is not None:
        conditions.append("',' || product_ids || ',' LIKE ?")
        values.append(f"%,{query.product},%")
    if query.search:
        conditions.append("instr(words, ?) > 0")
        values.append(query.search)
    return conditions, values


def _status_condition(query: OrderQuery) -> str:
    if query.shows_everything:
        return "status <> 'trash'"
    return f"status IN ({','.join('?' * len(query.statuses))})"


def _status_values(query: OrderQuery) -> tuple[str, ...]:
    return () if query.shows_everything else query.statuses


def _sorting(query: OrderQuery) -> str:
    if query.order_by == "include" and query.include:
        places = " ".join(f"WHEN {number} THEN {place}" for place, number in enumerate(query.include))
        return f"CASE id {places} END"
    direction = "DESC" if query.descending else "ASC"
    columns = COLUMNS.get(query.order_by, COLUMNS["date"])
    return ", ".join(f"{column} {direction}" for column in columns)
