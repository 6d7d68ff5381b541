"""One page of the list: what it holds for each filter and sort, how pages join, and what it costs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.factories import (
    NOON,
    item,
    make_cargo,
    make_channel,
    make_customer,
    make_order,
    make_orders,
    make_payment_option,
    make_record,
)
from tests.statements import counted_statements
from webapp.channels.models import Channel
from webapp.orders.models import Order
from webapp.orders.queries import listing, search
from webapp.orders.queries.criteria import Flag, OrderFilter, Place, Scope, Sort, SortKey, View

NO_STATISTICS = search.TrigramStatistics(0.0, {})
EVERY_NAME_IS_COMMON = search.TrigramStatistics(100.0, {"meh": 1.0, "ehm": 1.0, "hme": 1.0, "met": 1.0})


def numbers(
    session: Session,
    wanted: OrderFilter | None = None,
    *,
    scope: Scope = None,
    sort: Sort | None = None,
    place: Place | None = None,
    statistics: search.TrigramStatistics = NO_STATISTICS,
    size: int = 50,
) -> list[str]:
    return [row.number for row in a_page(session, wanted, scope, sort, place, statistics, size).rows]


def a_page(
    session: Session,
    wanted: OrderFilter | None = None,
    scope: Scope = None,
    sort: Sort | None = None,
    place: Place | None = None,
    statistics: search.TrigramStatistics = NO_STATISTICS,
    size: int = 50,
) -> listing.OrderPage:
    return listing.page(
        session, wanted or OrderFilter(), scope, sort or Sort(), place, statistics=statistics, size=size
    )


@pytest.fixture
def shop(session: Session) -> Channel:
    return make_channel(session)


@pytest.mark.parametrize(
    ("status", "columns", "views"),
    [
        (350, {}, {View.ALL, View.TO_CONFIRM}),
        (400, {"is_send": False}, {View.ALL, View.NOT_SENT}),
        (450, {"is_send": False}, {View.ALL, View.NOT_SENT}),
        (450, {"is_send": True}, {View.ALL}),
        (550, {"is_send": False}, {View.ALL}),
        (500, {}, {View.ALL, View.IN_TRANSIT}),
        (510, {}, {View.ALL, View.IN_TRANSIT}),
        (540, {}, {View.ALL, View.IN_TRANSIT}),
        (520, {}, {View.ALL}),
        (50, {}, {View.ALL, View.CANCEL_REQUESTS}),
        (50, {"cancel_status": "waiting", "has_open_plan": True}, {View.ALL, View.CANCEL_REQUESTS}),
        (450, {"cancel_status": "waiting", "has_open_plan": True}, {View.ALL, View.CANCEL_REQUESTS}),
        (50, {"cancel_status": "approved", "has_open_plan": True}, {View.ALL}),
        (50, {"cancel_status": "manuel_refund_need", "has_open_plan": True}, {View.ALL, View.MANUAL_REFUND}),
        (550, {"cancel_status": "rejected"}, {View.ALL}),
    ],
)
def test_an_order_when_views_are_asked_then_stands_in_exactly_those_it_belongs_to(
    session: Session, shop: Channel, status: int, columns: dict[str, object], views: set[View]
) -> None:
    make_order(session, shop, number="7", status=status, **columns)

    found = {view for view in View if numbers(session, OrderFilter(view=view)) == ["7"]}

    assert found == views


def test_filters_when_set_then_each_keeps_exactly_its_orders(session: Session, shop: Channel) -> None:
    bazaar, card, swift = (
        make_channel(session, "Bazaar"),
        make_payment_option(session),
        make_cargo(session),
    )
    make_order(session, shop, number="plain")
    make_order(session, bazaar, number="bazaar")
    make_order(session, shop, number="card", payment_option_id=card.id)
    make_order(session, shop, number="swift", cargo_company_id=swift.id)
    make_order(session, shop, number="euro", currency="EUR")
    make_order(session, shop, number="dear", items=[item("900.00")])
    make_order(session, shop, number="old", date_placed=NOON - timedelta(days=2))
    make_order(session, shop, number="odd", money_mismatch=True)
    make_order(session, shop, number="partly", status=450, partially_shipped=True)
    rejected = make_order(session, shop, number="rejected", cancel_status="rejected")
    make_record(session, rejected, state="failed")
    someone = make_order(session, shop, number="someone", customer=make_customer(session, shop))

    kept = {
        "channel": numbers(session, OrderFilter(channels=(bazaar.id,))),
        "payment": numbers(session, OrderFilter(payments=(card.id,))),
        "cargo": numbers(session, OrderFilter(cargo=(swift.id,))),
        "currency": numbers(session, OrderFilter(currencies=("EUR",))),
        "least": numbers(session, OrderFilter(least=Decimal("500"))),
        "placed": numbers(session, OrderFilter(placed=(None, NOON - timedelta(days=1)))),
        "flag": numbers(session, OrderFilter(flags=(Flag.MONEY_MISMATCH,))),
        "failed": numbers(session, OrderFilter(flags=(Flag.UPDATE_FAILED,))),
        "flags": sorted(numbers(session, OrderFilter(flags=(Flag.MONEY_MISMATCH, Flag.PARTLY_SHIPPED)))),
        "cancel": numbers(session, OrderFilter(cancel_statuses=("rejected",))),
        "customer": numbers(session, OrderFilter(customer_id=someone.customer_id)),
        "status": numbers(session, OrderFilter(statuses=(450,))),
        "view and status": numbers(session, OrderFilter(view=View.IN_TRANSIT, statuses=(450,))),
        "two filters": numbers(session, OrderFilter(channels=(shop.id,), currencies=("EUR",))),
        "nothing has both": numbers(session, OrderFilter(channels=(bazaar.id,), currencies=("EUR",))),
    }

    assert kept == {
        "channel": ["bazaar"],
        "payment": ["card"],
        "cargo": ["swift"],
        "currency": ["euro"],
        "least": ["dear"],
        "placed": ["old"],
        "flag": ["odd"],
        "failed": ["rejected"],
        "flags": ["odd", "partly"],
        "cancel": ["rejected"],
        "customer": ["someone"],
        "status": ["partly"],
        "view and status": [],
        "two filters": ["euro"],
        "nothing has both": [],
    }


def test_several_values_of_one_filter_when_set_then_their_orders_come_in_one_order(
    session: Session, shop: Channel
) -> None:
    for minute, status in enumerate((500, 510, 550, 540, 500)):
        make_order(
            session, shop, number=str(minute), status=status, date_placed=NOON + timedelta(minutes=minute)
        )

    assert numbers(session, OrderFilter(statuses=(500, 510, 540))) == ["4", "3", "1", "0"]
    assert numbers(session, OrderFilter(statuses=(500, 510, 540)), size=2) == ["4", "3"]


def test_several_values_when_another_filter_holds_too_then_only_common_orders_are_left(
    session: Session, shop: Channel
) -> None:
    make_order(session, shop, number="a", status=500, currency="EUR")
    make_order(session, shop, number="b", status=510, currency="EUR")
    make_order(session, shop, number="c", status=500)
    make_order(session, shop, number="d", status=550, currency="EUR")

    assert numbers(session, OrderFilter(statuses=(500, 510), currencies=("EUR",))) == ["b", "a"]


@pytest.mark.parametrize("key", list(SortKey))
@pytest.mark.parametrize("descending", [True, False])
def test_sorted_list_when_paged_forth_and_back_then_every_order_comes_once(
    session: Session, shop: Channel, key: SortKey, descending: bool
) -> None:
    customer = make_customer(session, shop)
    for at in range(11):
        # Ties in every sort value: the id decides.
        same = at // 3
        make_order(
            session,
            shop,
            customer=customer,
            number=str(at),
            items=[item(f"{same + 1}.00")],
            date_placed=NOON + timedelta(minutes=same),
            modified_at=NOON + timedelta(minutes=same),
        )
    sort = Sort(key, descending)

    pages = [a_page(session, sort=sort, size=4)]
    while pages[-1].after is not None:
        pages.append(a_page(session, sort=sort, place=pages[-1].after, size=4))
    back = [pages[-1]]
    while back[-1].before is not None:
        back.append(a_page(session, sort=sort, place=back[-1].before, size=4))

    forth = [[row.number for row in page.rows] for page in pages]
    expected = [str(at) for at in range(11)]
    assert [number for page in forth for number in page] == (expected[::-1] if descending else expected)
    assert [len(page) for page in forth] == [4, 4, 3]
    assert [[row.number for row in page.rows] for page in reversed(back)] == forth


def test_place_when_its_order_is_gone_then_the_page_goes_on_behind_it(
    session: Session, shop: Channel
) -> None:
    orders = make_orders(session, shop, 3)
    place = Place(orders[1].date_placed, orders[1].id)
    session.execute(text("DELETE FROM order_search; DELETE FROM order_item"))
    session.delete(orders[1])
    session.flush()

    assert numbers(session, place=place) == [orders[2].number]


def test_limited_staff_when_listing_then_see_only_their_channels(session: Session, shop: Channel) -> None:
    bazaar = make_channel(session, "Bazaar")
    make_order(session, shop, number="theirs")
    make_order(session, bazaar, number="others")

    assert numbers(session, scope=frozenset({shop.id})) == ["theirs"]
    assert numbers(session, OrderFilter(channels=(bazaar.id,)), scope=frozenset({shop.id})) == []
    assert numbers(session, OrderFilter(words="others"), scope=frozenset({shop.id})) == []
    assert numbers(session, scope=frozenset()) == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("YILMAZ", ["m", "e"]),
        ("mehmet yılmaz", ["m"]),
        ("yilmaz  Mehmet", ["m"]),
        ("müller", ["a"]),
        ("MULLER", ["a"]),
        ("محمد", ["x"]),
        ("1-20", ["e"]),
        ("#SHOP-1-2001", ["e"]),
        ("anna@example.com", ["a"]),
        ("0532 111 22 33", ["a"]),
        ("+90 (532) 111-22-33", ["a"]),
        ("05321112233", ["a"]),
        ("532 111", ["a"]),
        ("tr123456789", ["m"]),
        ("TR12345678", []),
        ("100%", []),
        ("a_a", []),
        ("nobody", []),
    ],
)
def test_search_when_words_are_typed_then_finds_orders_by_number_person_mail_phone_and_tracking(
    session: Session, shop: Channel, typed: str, found: list[str]
) -> None:
    def of(first: str, last: str, email: str, phone: str = "") -> object:
        return make_customer(session, shop, first_name=first, last_name=last, email=email, phone=phone)

    make_order(session, shop, number="X-7", customer=of("محمد", "الحربي", "x@example.com"))  # type: ignore[arg-type]
    make_order(
        session,
        shop,
        number="A-9",
        date_placed=NOON + timedelta(minutes=1),
        customer=of("Anna", "Müller", "anna@example.com", "+90 532 111 22 33"),  # type: ignore[arg-type]
    )
    make_order(
        session,
        shop,
        number="SHOP-1-2001",
        date_placed=NOON + timedelta(minutes=2),
        customer=of("Elif", "Yılmaz", "elif@example.com"),  # type: ignore[arg-type]
    )
    make_order(
        session,
        shop,
        number="M-3",
        date_placed=NOON + timedelta(minutes=3),
        customer=of("Mehmet", "Yılmaz", "mehmet@example.com"),  # type: ignore[arg-type]
        items=[item(tracking_number="TR123456789")],
    )
    names = {"X-7": "x", "A-9": "a", "SHOP-1-2001": "e", "M-3": "m"}

    assert [names[number] for number in numbers(session, OrderFilter(words=typed))] == found


def test_search_when_asked_again_and_again_then_it_is_planned_no_more(
    session: Session, shop: Channel
) -> None:
    make_orders(session, shop, 3)
    for _ in range(15):
        assert len(numbers(session, OrderFilter(words="yilmaz elif"))) == 3
    plans = session.execute(
        text(
            "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements"
            " WHERE statement LIKE '%AS MATERIALIZED%'"
        )
    ).one()
    # PostgreSQL compares with five plans of the words themselves, and goes on without.
    assert (plans[0], plans[1] > 0) == (5, True)


@pytest.mark.parametrize("typed", ["ab", "a b c", "12"])
def test_search_when_no_word_is_long_enough_then_nothing_is_read(
    session: Session, shop: Channel, typed: str
) -> None:
    make_order(session, shop, number="12")

    with counted_statements() as seen:
        assert numbers(session, OrderFilter(words=typed)) == []

    assert seen == []


@pytest.mark.parametrize("sort", [Sort(), Sort(SortKey.AMOUNT), Sort(SortKey.PLACED, descending=False)])
@pytest.mark.parametrize(
    "wanted", [OrderFilter(), OrderFilter(statuses=(500, 550)), OrderFilter(least=Decimal(2))]
)
def test_common_name_when_walked_for_then_gives_the_same_as_looking_it_up(
    session: Session, shop: Channel, wanted: OrderFilter, sort: Sort
) -> None:
    mehmet = make_customer(session, shop, first_name="Mehmet")
    elif_ = make_customer(session, shop)
    for at in range(12):
        make_order(
            session,
            shop,
            customer=mehmet if at % 2 else elif_,
            status=(500, 550, 100)[at % 3],
            items=[item(f"{at}.00")],
            number=f"N{at}",
            date_placed=NOON + timedelta(minutes=at),
        )
    words = OrderFilter(words="mehmet", statuses=wanted.statuses, least=wanted.least)
    assert EVERY_NAME_IS_COMMON.prefers_walking(search.read_words("mehmet"))

    walked = numbers(session, words, sort=sort, statistics=EVERY_NAME_IS_COMMON)
    looked_up = numbers(session, words, sort=sort)

    assert walked == looked_up
    assert len(walked) >= 3


def test_walk_when_its_window_ends_before_the_page_is_full_then_the_rest_is_gathered(
    session: Session, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of these only the oldest cost something, behind the end of a window of three rows.
    for at in range(8):
        make_order(
            session,
            shop,
            number=str(at),
            items=[item("50.00" if at < 2 else "1.00")],
            date_placed=NOON + timedelta(minutes=at),
        )
    monkeypatch.setattr(listing, "WINDOW", 3)
    wanted = OrderFilter(least=Decimal(10))

    with counted_statements() as seen:
        found = a_page(session, wanted)

    assert [row.number for row in found.rows] == ["1", "0"]
    assert found.total == 2
    assert len(seen) == 2


def test_walk_when_the_page_is_full_within_the_window_then_one_statement_is_enough(
    session: Session, shop: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orders(session, shop, 5)
    monkeypatch.setattr(listing, "WINDOW", 4)

    with counted_statements() as seen:
        found = a_page(session, OrderFilter(least=Decimal(1)), size=2)

    assert (len(found.rows), len(seen)) == (2, 1)
    assert found.after is not None


@pytest.mark.parametrize(
    "wanted",
    [
        OrderFilter(),
        OrderFilter(statuses=(500, 550)),
        OrderFilter(view=View.CANCEL_REQUESTS),
        OrderFilter(words="yilmaz"),
        OrderFilter(words="yilmaz", view=View.IN_TRANSIT, least=Decimal(1)),
    ],
)
def test_page_when_there_are_ten_times_as_many_orders_then_takes_no_more_statements(
    session: Session, shop: Channel, wanted: OrderFilter
) -> None:
    make_orders(session, shop, 4, status=500)
    with counted_statements() as few:
        a_page(session, wanted, size=2)
    make_orders(session, shop, 40, status=500)
    with counted_statements() as many:
        a_page(session, wanted, size=30)

    assert len(many) == len(few) <= 2


def test_row_when_listed_then_carries_what_the_list_shows(session: Session, shop: Channel) -> None:
    customer = make_customer(session, shop, first_name="Gül", last_name="Özdemir")
    order = make_order(session, shop, number="1001", customer=customer, items=[item("12.50"), item("7.50")])

    (row,) = a_page(session).rows

    assert (row.id, row.number, row.status, row.item_count) == (order.id, "1001", 400, 2)
    assert (row.amount, row.currency) == (Decimal("20.00"), "TRY")
    assert (row.first_name, row.last_name, row.city) == ("Gül", "Özdemir", "İstanbul")
    assert row.channel_id == shop.id
    assert session.get(Order, order.id) is not None
