"""Address versions of stored orders: read for the timeline, and copied when an order turns out to be another customer's."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from webapp.core.bulk import plain_array
from webapp.customers.identity import ADDRESS_FIELDS
from webapp.orders.service.writing.batch import Batch

# Our own column names.
_FIELDS = ", ".join(ADDRESS_FIELDS)
_READ = text(f"SELECT id, {_FIELDS} FROM address WHERE id = ANY(CAST(:ids AS bigint[]))")  # noqa: S608
_COPY = """
WITH wanted AS (
    SELECT * FROM unnest(CAST(:addresses AS bigint[]), CAST(:customers AS bigint[])) AS given(address_id, customer_id)
), copied AS (
    INSERT INTO address (customer_id, content_hash, {fields})
    SELECT DISTINCT ON (wanted.customer_id, content_hash) wanted.customer_id, content_hash, {fields}
    FROM wanted JOIN address ON address.id = wanted.address_id
    ORDER BY wanted.customer_id, content_hash
    -- Not DO NOTHING, which would not return the row that is there.
    ON CONFLICT (customer_id, content_hash) DO UPDATE SET content_hash = excluded.content_hash
    RETURNING id, customer_id, content_hash
)
SELECT wanted.address_id, wanted.customer_id, copied.id FROM wanted
JOIN address ON address.id = wanted.address_id
JOIN copied ON copied.customer_id = wanted.customer_id AND copied.content_hash = address.content_hash
"""


def read_addresses(batch: Batch, address_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The fields of these addresses, by id."""
    rows = batch.session.execute(_READ, {"ids": plain_array(address_ids)}).mappings()
    return {row["id"]: dict(row) for row in rows}


def copy_addresses(batch: Batch, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Have each (address, customer) as an address of that customer; gives the ids by the pairs."""
    pairs = sorted(set(wanted))
    rows = batch.session.execute(
        text(_COPY.format(fields=_FIELDS)),
        {
            "addresses": plain_array(address for address, _ in pairs),
            "customers": plain_array(customer for _, customer in pairs),
        },
    )
    return {(row.address_id, row.customer_id): row.id for row in rows}
