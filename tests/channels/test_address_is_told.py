"""A new address on its way to a real shop: proposed, taken or refused there, and what the next pull makes of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.addressing import changes, raised, street
from tests.cancelling import staff
from tests.channels.shops import Connected
from tests.channels.telling import Told, waits_are_over
from tests.sandbox.running import ShopServer
from webapp.auth.roles import Role
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.customers.identity import ADDRESS_FIELDS
from webapp.customers.models import Address
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import IntegrationAction, Order
from webapp.orders.service import IntegrationActionService, OrderService

NEW = "Bağdat Cad. 118/4"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    folder: Path = tmp_path_factory.mktemp("shop")
    shop = ShopServer("sandbox.shop", folder / "shop.db", "--orders", "0")
    yield shop
    shop.stop()


@pytest.fixture
def told(shop: ShopServer, session: Session) -> Iterator[Told]:
    yield Told.bought(Connected.to(shop))
    session.close()
    shop.control("DELETE", "faults")


def owns(told: Told, ownership: str) -> None:
    with unit_of_work() as unit:
        statement = update(Channel).where(Channel.id == told.connected.channel_id)
        unit.execute(statement.values(address_ownership=ownership))


def change(told: Told, line1: str = NEW) -> None:
    """Staff give the order another street and a second line."""
    agent = staff(Role.AGENT, "Deniz Arslan")
    with unit_of_work() as unit:
        order = unit.get_one(Order, told.order_id)
        old = unit.get_one(Address, order.shipping_address_id)
        draft = AddressDraft(**{name: getattr(old, name) for name in ADDRESS_FIELDS})
        OrderService(unit).change_shipping_address(order, replace(draft, line1=line1), agent)


def pull(told: Told) -> None:
    told.connected.backfill(order_numbers_to_fetch=(told.remote["number"],))


@pytest.mark.parametrize("ownership", ["mirror", "owner"])
def test_change_when_the_shop_takes_it_then_both_have_it_and_a_pull_raises_nothing(
    told: Told, ownership: str
) -> None:
    owns(told, ownership)
    before = street(told.order_id)
    change(told)
    assert street(told.order_id) == (NEW if ownership == "mirror" else before)
    drain("channels")
    assert told.at_shop()["shipping"]["address_1"] == NEW
    assert street(told.order_id) == NEW
    assert changes(told.order_id) == ([("propose", "applied")] if ownership == "owner" else [])
    pull(told)
    assert (street(told.order_id), raised(told.order_id)) == (NEW, [])


def test_change_when_the_answer_is_lost_then_it_still_waits_and_is_applied_once(told: Told) -> None:
    owns(told, "owner")
    before = street(told.order_id)
    change(told)
    told.connected.shop.fault(kind="reset_after", method="PUT", path=told.path, count=1)
    drain("channels")
    assert (street(told.order_id), changes(told.order_id)) == (before, [("propose", "waiting")])
    # The pull may be faster than the second try: then the order has it already.
    pull(told)
    assert street(told.order_id) == NEW
    waits_are_over(told.connected)
    drain("channels")
    assert (street(told.order_id), changes(told.order_id)) == (NEW, [("propose", "applied")])
    assert raised(told.order_id) == []


def test_change_when_the_shop_lost_the_order_then_given_back_and_free_again(told: Told) -> None:
    owns(told, "owner")
    before = street(told.order_id)
    told.connected.shop.control("POST", f"orders/{told.remote['id']}/trash")
    told.connected.shop.api("DELETE", f"/orders/{told.remote['id']}?force=true")
    change(told)
    drain("channels")
    assert (street(told.order_id), changes(told.order_id)) == (before, [("propose", "refused")])
    assert raised(told.order_id) == ["address_refused"]
    db.session.rollback()
    action = db.session.scalars(
        select(IntegrationAction).where(IntegrationAction.order_id == told.order_id)
    ).one()
    # Whoever has done it there by hand has it here too.
    by = staff(Role.SUPERVISOR, "Selin Koç")
    with unit_of_work() as unit:
        IntegrationActionService(unit).done_by_hand(action.id, by)
    assert (street(told.order_id), changes(told.order_id)) == (NEW, [("propose", "applied")])
