"""A new address on its way to a real shop: proposed, taken or refused there, and what the next pull makes of it."""

import pytest
from sqlalchemy import select

from tests.addressing import changes, raised, street
from tests.cancelling import staff
from tests.channels.telling import NEW_STREET, Told, change_street, owns, waits_are_over
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.orders.models import IntegrationAction
from webapp.orders.service import IntegrationActionService


def pull(told: Told) -> None:
    told.connected.backfill(order_numbers_to_fetch=(told.remote["number"],))


@pytest.mark.parametrize("ownership", ["mirror", "owner"])
def test_change_when_the_shop_takes_it_then_both_have_it_and_a_pull_raises_nothing(
    told: Told, ownership: str
) -> None:
    owns(told, ownership)
    before = street(told.order_id)
    change_street(told)
    assert street(told.order_id) == (NEW_STREET if ownership == "mirror" else before)
    drain("channels")
    assert told.at_shop()["shipping"]["address_1"] == NEW_STREET
    assert street(told.order_id) == NEW_STREET
    assert changes(told.order_id) == ([("propose", "applied")] if ownership == "owner" else [])
    pull(told)
    assert (street(told.order_id), raised(told.order_id)) == (NEW_STREET, [])


def test_change_when_the_answer_is_lost_then_it_still_waits_and_is_applied_once(told: Told) -> None:
    owns(told, "owner")
    before = street(told.order_id)
    change_street(told)
    told.connected.shop.fault(kind="reset_after", method="PUT", path=told.path, count=1)
    drain("channels")
    assert (street(told.order_id), changes(told.order_id)) == (before, [("propose", "waiting")])
    # The pull may be faster than the second try: then the order has it already.
    pull(told)
    assert street(told.order_id) == NEW_STREET
    waits_are_over(told.connected)
    drain("channels")
    assert (street(told.order_id), changes(told.order_id)) == (NEW_STREET, [("propose", "applied")])
    assert raised(told.order_id) == []


def test_change_when_the_shop_lost_the_order_then_given_back_and_free_again(told: Told) -> None:
    owns(told, "owner")
    before = street(told.order_id)
    told.connected.shop.control("POST", f"orders/{told.remote['id']}/trash")
    told.connected.shop.api("DELETE", f"/orders/{told.remote['id']}?force=true")
    change_street(told)
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
    assert (street(told.order_id), changes(told.order_id)) == (NEW_STREET, [("propose", "applied")])
