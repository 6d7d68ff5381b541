"""Lists of what belongs to orders: filtered, scoped to the token's channels, the newest first."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from webapp.api.fields import QueryWhole
from webapp.api.paging import Json, PageQuery, collection, read_page
from webapp.core.db import db
from webapp.core.paging import Ordering, find
from webapp.orders.queries.collection import Statement

BY_ID: Final = "-pk"


class OfOrder(PageQuery):
    """Of one order, or of all."""

    order = QueryWhole(least=1, metadata={"description": "Only of this order."})


def listed(
    wanted: Json,
    statement: Statement,
    ordering: Ordering,
    write: Callable[[Sequence[Any]], list[Json]],
    *,
    kinds: tuple[type, ...] = (int,),
    place: Callable[[Any], tuple[Any, ...]] = lambda row: (row[0].id,),
) -> Json:
    """One page of the statement's rows, as `write` writes them."""
    asked = read_page(wanted, BY_ID, kinds)
    found = find(db.session(), statement, ordering, asked)
    return collection(found, asked, wanted, write(found.rows), BY_ID, place)
