"""What a page would change, without changing anything: it is written and taken back in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.channels.applying import OrderIntake, Outcome, read_draft
from webapp.channels.models import Channel, RemoteRecord
from webapp.channels.receiving import ORDERS, RawOrder, RawPage, unchanged
from webapp.orders.inputs import OrderDraft
from webapp.orders.service.write_orders import write_orders


@dataclass(frozen=True)
class Forecast:
    """What an order of the channel would come to. `verdict` is one of the counts."""

    remote_id: str
    number: str
    verdict: str
    words: str = ""


def preview(session: Session, intake: OrderIntake, page: RawPage) -> list[Forecast]:
    """A forecast for each order of the page, in its order. The caller's transaction holds nothing of it afterwards."""
    rows = page.sorted_rows()
    same = {row.remote_id for row in unchanged(session, intake.channel_id, rows)}
    changed = [row for row in rows if row.remote_id not in same]
    outcomes = dict.fromkeys(same, Outcome("unchanged")) | _outcomes(session, intake, changed)
    return [
        Forecast(row.remote_id, row.number or row.remote_id, outcome.verdict, outcome.words or "")
        for row in rows
        for outcome in [outcomes[row.remote_id]]
    ]


def _outcomes(session: Session, intake: OrderIntake, rows: Sequence[RawOrder]) -> dict[str, Outcome]:
    known = _known_orders(session, intake.channel_id, rows)
    outcomes: dict[str, Outcome] = {}
    drafts: list[OrderDraft] = []
    for row in rows:
        found = read_draft(row.payload, known.get(row.remote_id), intake.read)
        if isinstance(found, OrderDraft):
            drafts.append(found)
        else:
            outcomes[row.remote_id] = found
    if drafts:
        channel = session.get_one(Channel, intake.channel_id)
        trial = session.begin_nested()
        results = write_orders(session, channel, drafts, intake.context)
        trial.rollback()
        outcomes |= {str(result.remote_id): Outcome.of_result(result) for result in results}
    return outcomes


def _known_orders(session: Session, channel_id: int, rows: Sequence[RawOrder]) -> dict[str, int]:
    query = select(RemoteRecord.remote_id, RemoteRecord.order_id).where(
        RemoteRecord.channel_id == channel_id,
        RemoteRecord.kind == ORDERS,
        RemoteRecord.remote_id.in_([row.remote_id for row in rows]),
        RemoteRecord.order_id.is_not(None),
    )
    return {remote_id: int(order_id or 0) for remote_id, order_id in session.execute(query)}
