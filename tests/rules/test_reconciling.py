"""F10: a gateway's list against our books, with planted breaks among ten thousand that agree."""

from dataclasses import replace
from decimal import Decimal

from webapp.payments.gateway import FoundRefund, Outcome
from webapp.payments.reconciling import Break, BreakKind, OurRefund, compare


def ours(at: int, **fields: object) -> OurRefund:
    given = OurRefund(
        reference=f"r{at}",
        order_id=at,
        payment_ref=f"pi_{at}",
        amount=Decimal(at) / 100,
        currency="TRY",
        is_booked=True,
        is_open=False,
        gateway_ref=f"re_{at}",
    )
    return replace(given, **fields)  # type: ignore[arg-type]


def theirs(at: int, **fields: object) -> FoundRefund:
    given = FoundRefund(
        gateway_ref=f"re_{at}",
        reference=f"r{at}",
        amount=Decimal(at) / 100,
        currency="TRY",
        outcome=Outcome.SUCCEEDED,
        payment_ref=f"pi_{at}",
    )
    return replace(given, **fields)  # type: ignore[arg-type]


def test_twenty_planted_breaks_among_ten_thousand_are_all_found_and_nothing_else() -> None:
    here = {at: ours(at) for at in range(1, 10_001)}
    there = {at: [theirs(at)] for at in range(1, 10_001)}
    for at in (101, 202, 303, 404):
        del here[at]
    for at in (1101, 1202, 1303, 1404):
        del there[at]
    for at in (2101, 2202, 2303, 2404):
        there[at] = [theirs(at, amount=Decimal("999999.99"))]
    for at in (3101, 3202, 3303, 3404):
        there[at] = [theirs(at, currency="EUR")]
    for at in (4101, 4202, 4303, 4404):
        there[at].append(theirs(at, gateway_ref=f"re_{at}_again"))

    breaks = compare(here.values(), (found for rows in there.values() for found in rows))

    assert len(breaks) == 20
    assert _subjects(breaks, BreakKind.MISSING_HERE) == ["re_101", "re_202", "re_303", "re_404"]
    assert _subjects(breaks, BreakKind.MISSING_THERE) == ["r1101", "r1202", "r1303", "r1404"]
    assert _subjects(breaks, BreakKind.AMOUNT) == ["re_2101", "re_2202", "re_2303", "re_2404"]
    assert _subjects(breaks, BreakKind.CURRENCY) == ["re_3101", "re_3202", "re_3303", "re_3404"]
    doubled = ["re_4101_again", "re_4202_again", "re_4303_again", "re_4404_again"]
    assert _subjects(breaks, BreakKind.DOUBLE) == doubled


def test_a_refund_that_is_still_under_way_is_no_break() -> None:
    assert compare([ours(1, is_booked=False, is_open=True)], [theirs(1)]) == []
    assert compare([ours(1, is_booked=False, is_open=True)], []) == []


def test_money_that_moved_for_a_refund_we_count_as_declined_is_missing_here() -> None:
    breaks = compare([ours(1, is_booked=False)], [theirs(1)])
    assert [(each.kind, each.order_id) for each in breaks] == [(BreakKind.MISSING_HERE, 1)]


def test_what_failed_at_the_gateway_moved_nothing() -> None:
    assert compare([], [theirs(1, outcome=Outcome.DECLINED)]) == []


def test_a_refund_made_at_the_channel_is_known_by_payment_and_amount_once() -> None:
    external = ours(5, reference="x5", gateway_ref="", is_external=True)
    made_there = theirs(5, reference="", gateway_ref="re_shop")
    assert compare([external], [made_there]) == []
    again = theirs(5, reference="", gateway_ref="re_shop_again")
    assert _subjects(compare([external], [made_there, again]), BreakKind.MISSING_HERE) == ["re_shop_again"]


def _subjects(breaks: list[Break], kind: BreakKind) -> list[str]:
    return [each.subject for each in breaks if each.kind is kind]
