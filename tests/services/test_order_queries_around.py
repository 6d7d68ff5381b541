"""Around the list: counts of the tabs, menus, totals, and what the statistics say about words."""

from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.factories import item, make_cargo, make_channel, make_order, make_orders, make_payment_option
from webapp.channels.models import Channel
from webapp.core.remembered import Remembered
from webapp.orders.queries import totals
from webapp.orders.queries.criteria import OrderFilter, View
from webapp.orders.queries.search import TrigramStatistics, read_statistics, read_words
from webapp.orders.queries.surroundings import read_surroundings
from webapp.orders.queries.totals import Total, count_matching


@pytest.fixture
def shop(session: Session) -> Channel:
    return make_channel(session)


def test_tabs_when_counted_then_each_view_has_its_orders_and_others_channels_are_left_out(
    session: Session, shop: Channel
) -> None:
    bazaar = make_channel(session, "Bazaar")
    make_orders(session, shop, 2, status=350)
    make_order(session, shop, status=400, is_send=False)
    make_order(session, bazaar, status=500)
    make_order(session, bazaar, status=50)

    everything = read_surroundings(session, None)
    theirs = read_surroundings(session, frozenset({bazaar.id}))

    assert everything.counts == {
        View.ALL: 5,
        View.TO_CONFIRM: 2,
        View.CANCEL_REQUESTS: 1,
        View.MANUAL_REFUND: 0,
        View.NOT_SENT: 1,
        View.IN_TRANSIT: 1,
    }
    assert theirs.counts[View.ALL] == 2
    assert theirs.counts[View.TO_CONFIRM] == 0
    assert everything.channels == {shop.id: "Web shop TR", bazaar.id: "Bazaar"}
    assert theirs.channels == {bazaar.id: "Bazaar"}


def test_tabs_when_more_orders_than_a_count_goes_then_say_one_more_than_the_cap(
    session: Session, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.orders.queries.surroundings.COUNT_CAP", 3)
    make_orders(session, shop, 5)

    assert read_surroundings(session, None).counts[View.ALL] == 3


def test_menus_when_read_then_offer_what_is_active_and_each_currency_once(
    session: Session, shop: Channel
) -> None:
    card, swift = make_payment_option(session), make_cargo(session)
    make_payment_option(session, "cheque", "Cheque").is_active = False
    make_orders(session, shop, 2, currency="TRY")
    make_order(session, shop, currency="EUR")
    make_order(session, shop, currency="SAR")

    around = read_surroundings(session, None)

    assert around.payments == {card.id: "Credit card"}
    assert around.cargo == {swift.id: "Swift Parcel"}
    assert around.currencies == ("EUR", "SAR", "TRY")


def test_total_when_counting_is_cheap_then_exact_and_when_dear_then_about(
    session: Session, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orders(session, shop, 3)
    make_order(session, shop, currency="EUR")
    session.execute(text("ANALYZE orders"))
    wanted = OrderFilter(currencies=("TRY",), least=Decimal(1))

    exact = count_matching(session, wanted, None)
    monkeypatch.setattr(totals, "AFFORDABLE", 0.0)
    about = count_matching(session, wanted, None)

    assert exact == Total(3)
    assert about == Total(3, exact=False)


def test_total_when_one_index_answers_then_exact_whatever_the_planner_expects(
    session: Session, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orders(session, shop, 3)
    make_order(session, shop, currency="EUR")
    monkeypatch.setattr(totals, "AFFORDABLE", 0.0)

    assert count_matching(session, OrderFilter(currencies=("TRY",)), None) == Total(3)
    assert count_matching(session, OrderFilter(), None) == Total(4)


def test_total_when_nothing_can_match_then_nothing_is_counted(session: Session, shop: Channel) -> None:
    make_order(session, shop)

    assert count_matching(session, OrderFilter(view=View.IN_TRANSIT, statuses=(400,)), None) == Total(0)
    assert count_matching(session, OrderFilter(), frozenset()) == Total(0)


def test_statistics_when_the_table_was_analysed_then_tell_common_names_from_rare_ones(
    session: Session, shop: Channel
) -> None:
    make_orders(session, shop, 60, items=[item()])
    session.execute(text("ANALYZE order_search"))

    statistics = read_statistics(session)

    assert statistics.rows == 60
    assert statistics.expected(read_words("yilmaz")) == 60
    assert statistics.prefers_walking(read_words("yilmaz"))
    assert not statistics.prefers_walking(read_words("mehmet"))


def test_statistics_when_never_analysed_then_everything_is_looked_up(session: Session) -> None:
    statistics = TrigramStatistics(0.0, {})

    assert not statistics.prefers_walking(read_words("yilmaz"))
    assert statistics.rarest(("yilmaz",)) == ("yil",)


def test_what_is_remembered_when_its_time_is_over_then_read_anew() -> None:
    now = [100.0]
    kept = Remembered(5.0, clock=lambda: now[0])
    reads = iter(range(10))

    first = kept.get("a", lambda: next(reads))
    now[0] = 104.9
    second = kept.get("a", lambda: next(reads))
    now[0] = 105.0
    third = kept.get("a", lambda: next(reads))
    kept.forget()

    assert (first, second, third) == (0, 0, 1)
    assert kept.get("a", lambda: next(reads)) == 2
