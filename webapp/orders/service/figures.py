"""Sums up orders and refunds by the quarter of an hour for the dashboard; run by the clock, safe to run twice."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.operations import NewOperation, OperationRun, Queue
from webapp.core.periodic import slot_of

FIGURES_KIND: Final = "orders.figures"
# What moves is new; what is older changes by cancels only, and is summed up again once an hour.
RECENT_DAYS: Final = 2
RECENT_MIN: Final = 5
ALL_DAYS: Final = 35  # the dashboard's four weeks, and a week to look back from
ALL_MIN: Final = 60

# Sorted, so that two of them at once wait for each other instead of locking each other out. What is as it was is not
# written. A quarter that has nothing any more (its order was deleted) becomes zero.
_SUM_UP: Final = text("""
    WITH placed AS (
        SELECT date_bin('15 minutes', date_placed, TIMESTAMPTZ '2000-01-01 00:00Z') AS quarter, channel_id, currency,
            count(*) AS placed_count, sum(amount) AS placed_amount,
            count(*) FILTER (WHERE status IN (100, 600)) AS cancelled_count
        FROM orders WHERE date_placed >= :since AND date_placed < :until GROUP BY 1, 2, 3),
    refunded AS (
        SELECT date_bin('15 minutes', ledger_entry.at, TIMESTAMPTZ '2000-01-01 00:00Z') AS quarter,
            orders.channel_id, ledger_entry.currency,
            sum(CASE ledger_entry.kind WHEN 'refund' THEN ledger_entry.amount ELSE -ledger_entry.amount END) AS amount
        FROM ledger_entry JOIN orders ON orders.id = ledger_entry.order_id
        WHERE ledger_entry.at >= :since AND ledger_entry.at < :until GROUP BY 1, 2, 3),
    known AS (
        SELECT quarter, channel_id, currency FROM quarter_figures WHERE quarter >= :since AND quarter < :until
        UNION SELECT quarter, channel_id, currency FROM placed
        UNION SELECT quarter, channel_id, currency FROM refunded)
    INSERT INTO quarter_figures AS kept
        (quarter, channel_id, currency, placed_count, placed_amount, cancelled_count, refunded_amount)
    SELECT quarter, channel_id, currency, coalesce(placed_count, 0), coalesce(placed_amount, 0),
        coalesce(cancelled_count, 0), coalesce(refunded.amount, 0)
    FROM known LEFT JOIN placed USING (quarter, channel_id, currency)
        LEFT JOIN refunded USING (quarter, channel_id, currency)
    ORDER BY quarter, channel_id, currency
    ON CONFLICT (quarter, channel_id, currency) DO UPDATE SET
        placed_count = excluded.placed_count, placed_amount = excluded.placed_amount,
        cancelled_count = excluded.cancelled_count, refunded_amount = excluded.refunded_amount
    WHERE (kept.placed_count, kept.placed_amount, kept.cancelled_count, kept.refunded_amount) IS DISTINCT FROM
        (excluded.placed_count, excluded.placed_amount, excluded.cancelled_count, excluded.refunded_amount)
""")


def sum_up(session: Session, now: datetime, *, days: int) -> None:
    """Bring the figures of the last `days` up to date, in one statement."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    session.execute(_SUM_UP, {"since": since, "until": now + timedelta(days=1)})


def figures_slots(_session: Session, now: datetime) -> list[NewOperation]:
    """The recent days every few minutes, all that the dashboard shows every hour."""
    return [_wanted(now, RECENT_DAYS, RECENT_MIN), _wanted(now, ALL_DAYS, ALL_MIN)]


def run_figures(run: OperationRun) -> None:
    """The handler."""
    with unit_of_work() as session:
        sum_up(session, utc_now(), days=int(run.args["days"]))
        run.finish(session)


def _wanted(now: datetime, days: int, minutes: int) -> NewOperation:
    return NewOperation(
        kind=FIGURES_KIND,
        queue=Queue.UPKEEP,
        dedupe_key=f"{days}",
        args={"days": days},
        slot=slot_of(now, minutes, f"figures:{days}"),
    )
