"""Rows without ORM objects: whatever a column can hold comes back as it went in."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from webapp.catalog.models import Product
from webapp.core.bulk import Rows, json_array, plain_array, text_array, time_array

AWKWARD = ['', 'a,b', '{x}', '"q"', "it's", "back\\slash", "NULL", " \t\n", "ışğ 漢字 😀", None]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "write", "kind"),
    [
        ([1, -2, None, 2**62], plain_array, "bigint"),
        ([Decimal("1.10"), Decimal("-0E-4"), Decimal("1E+3"), None], plain_array, "numeric"),
        ([True, False, None], plain_array, "boolean"),
        ([uuid.UUID(int=7), None], plain_array, "uuid"),
        ([datetime(2026, 3, 29, 1, 59, 59, 123456, tzinfo=UTC), None], time_array, "timestamptz"),
        ([date(2026, 2, 28), None], time_array, "date"),
        (AWKWARD, text_array, "text"),
        ([{"a": [1, 'x"y\\z', None]}, [], {}, "text", 3, None], json_array, "jsonb"),
        ([], text_array, "text"),
    ],
    ids=["bigint", "numeric", "boolean", "uuid", "timestamptz", "date", "text", "jsonb", "empty"],
)
def test_values_when_written_as_an_array_then_the_database_reads_the_same(
    session: Session, values: list[object], write: object, kind: str
) -> None:
    read = session.connection().exec_driver_sql(
        f"SELECT unnest(%s::{kind}[])",
        (write(values),),  # type: ignore[operator]
    )

    assert [value for (value,) in read] == values


def test_a_text_with_nul_when_written_then_only_that_character_is_missing(session: Session) -> None:
    read = session.connection().exec_driver_sql("SELECT unnest(%s::text[])", (text_array(["a\x00b", "c"]),))
    documents = session.connection().exec_driver_sql(
        "SELECT unnest(%s::jsonb[])", (json_array([{"k\x00": ["\x00", "\\u0000"]}]),)
    )

    assert [value for (value,) in read] == ["ab", "c"]
    assert documents.scalar_one() == {"k": ["", "\\u0000"]}


def test_a_text_longer_than_its_column_when_inserted_then_it_is_refused_not_cut(session: Session) -> None:
    with pytest.raises(DataError):
        Rows(Product, "sku name").insert(session, [("x" * 121, "Jeans")])


def test_rows_when_updated_then_only_those_named_by_their_key_change(session: Session) -> None:
    made = Rows(Product, "sku name").insert(session, [("a", "A"), ("b", "B")], tail="RETURNING id")

    Rows(Product, "id name").update(session, [(made[1].id, "new")], also="barcode = kept.sku")

    assert session.execute(select(Product.name, Product.barcode).order_by(Product.id)).all() == [
        ("A", None),
        ("new", "b"),
    ]
