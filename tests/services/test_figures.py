"""What the dashboard sums up beforehand: each order and each movement of money once, whatever is run how often."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.cancelling import Counter, refunds_of
from tests.order_drafts import make_channel
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation, Queue, claim, create
from webapp.orders.models import CancellationPlan, Order
from webapp.orders.queries import dashboard
from webapp.orders.queries.dashboard import Figures, Span, Waiting
from webapp.orders.service.figures import ALL_DAYS, FIGURES_KIND, figures_slots, run_figures, sum_up
from webapp.payments.models import LedgerEntry, Refund

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ISTANBUL = ZoneInfo("Europe/Istanbul")
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # +05:45: its midnight is at a quarter past


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


def placed(order_id: int, at: datetime, **columns: object) -> None:
    with unit_of_work() as unit:
        unit.execute(update(Order).where(Order.id == order_id).values(date_placed=at, **columns))


def summed(days: int = ALL_DAYS, now: datetime = NOW) -> None:
    with unit_of_work() as unit:
        sum_up(unit, now, days=days)


def by_day(zone: ZoneInfo = ISTANBUL, scope: frozenset[int] | None = None) -> dict[str, Figures]:
    """The days that have anything."""
    span = Span.until_today(14, NOW, zone)
    found = dashboard.by_day(db.session(), span, scope, "TRY")
    return {day.isoformat(): each for day, each in found.items() if each != dashboard.NOTHING}


def paid_back(order_id: int, at: datetime, kind: str = "refund") -> Decimal:
    """Its one refund's money has moved; how much."""
    (refund,) = refunds_of(order_id)
    with unit_of_work() as unit:
        unit.add(
            LedgerEntry(
                refund_id=refund.id, order_id=order_id, kind=kind, amount=refund.amount, currency="TRY", at=at
            )
        )
    return refund.amount


def test_orders_when_summed_up_twice_then_counted_once(counter: Counter) -> None:
    for number, at in enumerate((NOW, NOW - timedelta(minutes=1), NOW - timedelta(days=3))):
        placed(counter.order("100.00", number=str(number)), at)
    summed()
    summed()

    assert by_day() == {
        "2026-11-17": Figures(1, 0, Decimal(100), Decimal(0)),
        "2026-11-20": Figures(2, 0, Decimal(200), Decimal(0)),
    }


def test_an_order_when_cancelled_later_then_its_own_day_says_so(counter: Counter) -> None:
    order_id = counter.order()
    placed(order_id, NOW - timedelta(days=5))
    summed()
    counter.cancel(order_id)
    counter.approve(order_id)
    summed(days=2)
    assert by_day()["2026-11-15"].cancelled == 0  # the recent days do not reach there

    summed()

    assert by_day()["2026-11-15"].cancelled == 1


def test_an_order_when_it_has_gone_then_its_quarter_is_empty(counter: Counter) -> None:
    order_id = counter.order()
    placed(order_id, NOW)
    summed()
    with unit_of_work() as unit:
        unit.execute(update(Order).where(Order.id == order_id).values(date_placed=NOW - timedelta(days=300)))
    summed()

    assert by_day() == {}


def test_money_when_it_came_back_then_no_longer_counts_as_paid_back(counter: Counter) -> None:
    order_id = counter.order()
    placed(order_id, NOW - timedelta(days=1))
    counter.cancel(order_id)
    counter.approve(order_id)
    amount = paid_back(order_id, NOW)
    summed()
    assert by_day()["2026-11-20"].refunded == amount == Decimal(100)

    paid_back(order_id, NOW + timedelta(minutes=1), kind="reversal")
    summed()

    assert "2026-11-20" not in by_day()


@pytest.mark.parametrize(
    ("zone", "day"), [(ISTANBUL, "2026-11-20"), (KATHMANDU, "2026-11-20"), (ZoneInfo("UTC"), "2026-11-19")]
)
def test_a_day_when_read_then_begins_at_the_readers_midnight(
    counter: Counter, zone: ZoneInfo, day: str
) -> None:
    placed(counter.order(), datetime(2026, 11, 19, 21, 5, tzinfo=UTC))
    summed()

    assert list(by_day(zone)) == [day]


def test_kathmandu_when_a_minute_before_its_midnight_then_the_day_before(counter: Counter) -> None:
    placed(counter.order(number="1"), datetime(2026, 11, 18, 18, 14, tzinfo=UTC))
    placed(counter.order(number="2"), datetime(2026, 11, 18, 18, 15, tzinfo=UTC))
    summed()

    assert {day: each.orders for day, each in by_day(KATHMANDU).items()} == {"2026-11-18": 1, "2026-11-19": 1}


def test_figures_when_read_by_somebody_of_another_channel_then_none(
    counter: Counter, session: Session
) -> None:
    placed(counter.order(), NOW)
    other = make_channel(session, name="Other shop")
    summed()
    span = Span.until_today(7, NOW, ISTANBUL)

    assert by_day(scope=frozenset({other.id})) == {}
    assert dashboard.by_channel(session, span, frozenset({other.id}), "TRY") == []
    assert dashboard.currencies(session, span, frozenset({other.id})) == []
    assert [name for _, name, _ in dashboard.by_channel(session, span, None, "TRY")] == [
        counter.desk.channel.name
    ]


def test_a_currency_when_chosen_then_amounts_are_its_own_and_counts_all(counter: Counter) -> None:
    placed(counter.order("100.00", number="1"), NOW)
    placed(counter.order("100.00", number="2"), NOW, currency="EUR")
    summed()

    assert by_day()["2026-11-20"] == Figures(2, 0, Decimal(100), Decimal(0))


def test_waiting_times_when_plans_were_decided_then_their_median(counter: Counter) -> None:
    assert dashboard.waiting_times(db.session(), NOW, None) == Waiting(None, None)
    order_id = counter.order()
    counter.cancel(order_id)
    counter.approve(order_id)
    (refund,) = refunds_of(order_id)
    paid_back(order_id, refund.created_at + timedelta(minutes=7))

    found = dashboard.waiting_times(db.session(), refund.created_at, None)

    assert found.payback_s == 420
    assert found.decision_s is not None and found.decision_s < 60
    assert dashboard.waiting_times(db.session(), NOW, frozenset()) == Waiting(None, None)


def test_waiting_times_when_a_channel_decided_and_paid_by_itself_then_not_counted(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    counter.approve(order_id)
    (refund,) = refunds_of(order_id)
    paid_back(order_id, refund.created_at)
    with unit_of_work() as unit:
        unit.execute(update(CancellationPlan).values(decided_by_id=None, origin="channel"))
        unit.execute(update(Refund).values(plan_id=None))

    assert dashboard.waiting_times(db.session(), refund.created_at, None) == Waiting(None, None)


def test_the_clock_when_it_ticks_then_the_work_runs_and_ends(counter: Counter) -> None:
    counter.order()
    with unit_of_work() as unit:
        for wanted in figures_slots(unit, NOW):
            create(unit, wanted)
        for wanted in figures_slots(unit, NOW):
            assert create(unit, wanted)[1] is False
    for _ in range(2):
        with unit_of_work() as unit:
            run = claim(unit, Queue.UPKEEP, lease_s=60, kinds=[FIGURES_KIND])
        assert run is not None
        run_figures(run)

    assert set(db.session.scalars(select(Operation.state))) == {"done"}
