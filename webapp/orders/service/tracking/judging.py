"""Giving rows of an upload their verdicts: by the rules of tracking_file/judging.py and how the orders stand now."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array, text_array
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun
from webapp.orders.service.tracking.facts import Uploader, read_facts
from webapp.orders.tracking_file.judging import Judgement, OrderFact, SheetRow, judge
from webapp.orders.tracking_file.verdicts import Verdict

# Orders that are read and judged in one transaction.
AT_ONCE: Final = 5_000
# Known from the cells alone: no order can change it.
OF_THE_CELLS: Final = (
    Verdict.NO_ORDER_NUMBER,
    Verdict.NO_NUMBER,
    Verdict.ROUNDED,
    Verdict.BAD_NUMBER,
    Verdict.BAD_QUANTITY,
    Verdict.BAD_VALUE,
    Verdict.CARRIER_UNKNOWN,
)
_CELLS: Final = text_array([verdict.value for verdict in OF_THE_CELLS])
# A number's rows come together, however many of them there are.
_NEXT = text("""
    SELECT position, order_number, tracking_number, item, quantity FROM tracking_row
    WHERE upload_id = :upload AND order_number > :after AND NOT (verdict = ANY(CAST(:cells AS text[])))
    ORDER BY order_number FETCH FIRST :limit ROWS WITH TIES
""")
_NAMED = text("""
    SELECT position, order_number, tracking_number, item, quantity FROM tracking_row
    WHERE upload_id = :upload AND order_number = ANY(CAST(:numbers AS text[]))
        AND NOT (verdict = ANY(CAST(:cells AS text[])))
""")
_JUDGED = text("""
    UPDATE tracking_row kept SET verdict = given.verdict, fact = given.fact, order_id = given.order_id,
        outcome = CASE WHEN given.verdict = 'will_ship' THEN 'waiting' ELSE '' END
    FROM unnest(CAST(:positions AS int[]), CAST(:verdicts AS text[]), CAST(:facts AS text[]),
        CAST(:orders AS bigint[])) AS given(position, verdict, fact, order_id)
    WHERE kept.upload_id = :upload AND kept.position = given.position
""")


class NamedRow(Protocol):
    """What a row names, whichever query has read it."""

    @property
    def position(self) -> int: ...
    @property
    def order_number(self) -> str: ...
    @property
    def tracking_number(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def quantity(self) -> Decimal | None: ...


SheetRows = Sequence[NamedRow]
Facts = Mapping[str, Sequence[OrderFact]]


def judge_rows(rows: SheetRows, orders: Facts) -> list[Judgement]:
    """The verdicts of these rows, which name whole order numbers, by how the orders of each number stand."""
    named: dict[str, list[SheetRow]] = defaultdict(list)
    for row in rows:
        named[row.order_number].append(SheetRow(row.position, row.tracking_number, row.item, row.quantity))
    judged: list[Judgement] = []
    for number, of_number in named.items():
        judged += judge(of_number, orders.get(number, ()))
    return judged


def judge_all(run: OperationRun, upload_id: int, uploader: Uploader) -> None:
    """Judge every row of the upload, batch after batch."""
    after, done = "", 0
    while True:
        with unit_of_work() as session:
            given = {"upload": upload_id, "after": after, "cells": _CELLS, "limit": AT_ONCE}
            rows = session.execute(_NEXT, given).all()
            if not rows:
                return
            after = rows[-1].order_number
            _judge(session, upload_id, uploader, rows)
            done += len(rows)
            run.fence(session, done=done)


def judge_numbers(run: OperationRun, upload_id: int, uploader: Uploader, numbers: Collection[str]) -> None:
    """Judge the rows that name these order numbers: they were judged before all of them were there."""
    ordered = sorted(numbers)
    for at in range(0, len(ordered), AT_ONCE):
        with unit_of_work() as session:
            named = text_array(ordered[at : at + AT_ONCE])
            given = {"upload": upload_id, "numbers": named, "cells": _CELLS}
            _judge(session, upload_id, uploader, session.execute(_NAMED, given).all())
            run.fence(session)


def judged(session: Session, uploader: Uploader, rows: Sequence[NamedRow]) -> list[Judgement]:
    """The verdicts of these rows, which name whole order numbers, by how the orders stand now."""
    numbers = {row.order_number for row in rows}
    return judge_rows(rows, read_facts(session, numbers, uploader.scope, uploader.context))


def _judge(session: Session, upload_id: int, uploader: Uploader, rows: Sequence[Any]) -> None:
    in_order = sorted(rows, key=lambda row: row.position)
    write_verdicts(session, upload_id, judged(session, uploader, in_order))


def write_verdicts(session: Session, upload_id: int, judged: Sequence[Judgement]) -> None:
    """Keep these verdicts; rows that will ship wait to be applied."""
    session.execute(
        _JUDGED,
        {
            "upload": upload_id,
            "positions": plain_array([each.position for each in judged]),
            "verdicts": text_array([each.verdict.value for each in judged]),
            "facts": text_array([each.fact[:200] for each in judged]),
            "orders": plain_array([each.order_id for each in judged]),
        },
    )
