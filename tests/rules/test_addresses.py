"""How an order's addresses may change: the table of stages and channels, line by line."""

import pytest

from webapp.orders import addresses
from webapp.orders.addresses import AddressFacts, Refusal, Side, Strategy, Way, strategy
from webapp.orders.enums import AddressOwnership, OrderStatus

MIRROR, OWNER, NONE = AddressOwnership.MIRROR, AddressOwnership.OWNER, AddressOwnership.NONE


def shipping(*statuses: int, **facts: object) -> Strategy | Refusal:
    given = {"ownership": MIRROR, **facts}
    codes = tuple(OrderStatus(status) for status in statuses)
    return strategy(Side.SHIPPING, AddressFacts(codes, **given))  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [200, 300, 350, 400])
def test_shipping_before_packing_then_written_and_the_channel_told(status: int) -> None:
    assert shipping(status) == Strategy(Way.WRITE, tells_channel=True, updates_carrier=False)


def test_shipping_while_packing_or_with_a_label_then_the_carrier_is_told_too() -> None:
    written = Strategy(Way.WRITE, tells_channel=True, updates_carrier=True)
    assert shipping(450) == written
    assert shipping(400, label_issued=True) == written
    # The most advanced live item decides; what has ended or is being cancelled does not travel.
    assert shipping(200, 450) == written
    assert shipping(400, 50, 600, 100) == Strategy(Way.WRITE, tells_channel=True)


@pytest.mark.parametrize("status", [500, 510, 540, 544, 545])
def test_shipping_on_the_way_then_the_carrier_is_asked_to_redirect(status: int) -> None:
    assert shipping(status, 400, can_redirect=True) == Strategy(Way.REDIRECT, tells_channel=True)
    assert shipping(status, can_redirect=False) == addresses.UNREACHABLE


@pytest.mark.parametrize(
    ("statuses", "refusal"),
    [
        ((550,), addresses.DELIVERED),
        ((400, 550), addresses.DELIVERED),
        ((600,), addresses.CANCELLED),
        ((100, 600), addresses.CANCELLED),
        ((50, 50), addresses.CANCELLING),
        ((50, 100), addresses.CANCELLING),
        ((520,), addresses.PICKUP),
    ],
)
def test_shipping_at_its_end_then_refused_with_what_to_do_instead(
    statuses: tuple[int, ...], refusal: Refusal
) -> None:
    assert shipping(*statuses, can_redirect=True) == refusal


def test_shipping_when_the_channel_decides_then_it_is_asked_first() -> None:
    assert shipping(400, ownership=OWNER) == Strategy(Way.PROPOSE, tells_channel=True)
    assert shipping(450, ownership=OWNER) == Strategy(Way.PROPOSE, tells_channel=True, updates_carrier=True)
    # Where the parcel goes is the carrier's to say, whoever owns the address.
    assert shipping(500, ownership=OWNER, can_redirect=True) == Strategy(Way.REDIRECT, tells_channel=True)
    assert shipping(400, ownership=NONE) == addresses.NOT_OURS
    assert shipping(500, ownership=NONE, can_redirect=True) == addresses.NOT_OURS


def test_order_that_no_channel_knows_then_nobody_is_told_or_asked() -> None:
    assert shipping(400, at_channel=False) == Strategy(Way.WRITE)
    assert shipping(400, at_channel=False, ownership=OWNER) == Strategy(Way.WRITE)


@pytest.mark.parametrize("status", [50, 100, 200, 450, 500, 520, 550, 600])
def test_billing_then_free_at_every_stage_until_an_invoice_exists(status: int) -> None:
    facts = AddressFacts((OrderStatus(status),), MIRROR)
    assert strategy(Side.BILLING, facts) == Strategy(Way.WRITE, tells_channel=True)
    invoiced = AddressFacts((OrderStatus(status),), MIRROR, invoiced=True)
    assert strategy(Side.BILLING, invoiced) == addresses.INVOICED


def test_billing_by_ownership_then_proposed_or_refused() -> None:
    codes = (OrderStatus.APPROVED,)
    assert strategy(Side.BILLING, AddressFacts(codes, OWNER)) == Strategy(Way.PROPOSE, tells_channel=True)
    assert strategy(Side.BILLING, AddressFacts(codes, NONE)) == addresses.NOT_OURS
