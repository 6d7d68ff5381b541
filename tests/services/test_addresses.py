"""Changing addresses on a real database: what is written, who is told, what is refused, and that nothing is overwritten."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.addressing import (
    NEW,
    OTHER,
    AddressDesk,
    changes,
    errands,
    order_now,
    raised,
    said,
    street,
    told,
)
from tests.order_drafts import HOME, PLACED, customer, draft, findings, rows, write
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, DomainError, InvalidInput, PermissionDenied
from webapp.customers.models import Address, Customer
from webapp.orders import addresses
from webapp.orders.addresses import Refusal, Side, Way
from webapp.orders.inputs import AddressDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import IntegrationAction, Order
from webapp.orders.service.address_changes import apply_change, give_back_change
from webapp.orders.service.address_versions import AddressRefused
from webapp.orders.service.addresses import Changed
from webapp.orders.service.channel_answers import ChannelAnswer, channel_answered
from webapp.orders.service.deleting import delete_order


@pytest.fixture
def desk(session: Session) -> AddressDesk:
    return AddressDesk.open(session)


def test_change_before_packing_then_a_new_version_the_difference_and_word_for_the_channel(
    desk: AddressDesk,
) -> None:
    order_id = desk.order(400)
    before = order_now(order_id)
    old_id, version = before.shipping_address_id, before.version

    assert desk.change(order_id) == Changed(Way.WRITE)

    after = order_now(order_id)
    assert (after.version, after.billing_address_id) == (version + 1, old_id)
    old, new = db.session.get_one(Address, old_id), db.session.get_one(Address, after.shipping_address_id)
    assert (old.line1, new.line1, new.country, new.replaces_id) == (HOME.line1, NEW.line1, "TR", old_id)
    assert said(order_id) == [
        (
            "changed the shipping address",
            {"line1": [HOME.line1, NEW.line1], "postcode": [HOME.postcode, NEW.postcode]},
        )
    ]
    assert told(order_id) == [{"side": "shipping", "address_id": new.id}]
    assert (errands(order_id), raised(order_id), findings()) == ([], [], [])


def test_change_back_to_an_earlier_address_then_its_old_row_serves_again(desk: AddressDesk) -> None:
    order_id = desk.order(400)
    first = order_now(order_id).shipping_address_id
    desk.change(order_id)
    desk.change(order_id, replace(HOME, country=""))
    assert (order_now(order_id).shipping_address_id, rows(db.session(), Address)) == (first, 2)


def test_change_to_the_same_address_then_nothing_happens(desk: AddressDesk) -> None:
    order_id = desk.order(400)
    version = order_now(order_id).version
    assert desk.change(order_id, replace(HOME, line1=f"  {HOME.line1} ")) == Changed(None)
    assert (order_now(order_id).version, told(order_id), said(order_id)) == (version, [], [])


def test_change_while_packing_without_a_connected_carrier_then_somebody_must_look(desk: AddressDesk) -> None:
    order_id = desk.order(450)
    desk.change(order_id)
    assert (street(order_id), raised(order_id)) == (NEW.line1, ["label_outdated"])


@pytest.mark.parametrize(
    ("statuses", "refusal"),
    [
        ((550,), addresses.DELIVERED),
        ((600,), addresses.CANCELLED),
        ((100,), addresses.CANCELLED),
        ((520,), addresses.PICKUP),
        ((500,), addresses.UNREACHABLE),
    ],
)
def test_change_too_late_then_refused_and_nothing_is_left(
    desk: AddressDesk, statuses: tuple[int, ...], refusal: Refusal
) -> None:
    order_id = desk.order(*statuses)
    version, kept = order_now(order_id).version, rows(db.session(), Address)
    with pytest.raises(AddressRefused) as refused:
        desk.change(order_id, by=desk.supervisor)
    assert (refused.value.message, refused.value.details) == (refusal.words, {"reason": refusal.code})
    assert (street(order_id), order_now(order_id).version) == (HOME.line1, version)
    assert (told(order_id), changes(order_id), rows(db.session(), Address)) == ([], [], kept)


def test_billing_then_free_until_an_invoice_number_exists(desk: AddressDesk) -> None:
    order_id = desk.order(550)
    desk.change(order_id, side=Side.BILLING)
    assert (street(order_id, Side.BILLING), street(order_id)) == (NEW.line1, HOME.line1)
    with unit_of_work() as unit:
        unit.get_one(Order, order_id).invoice_number = "F-1"
    with pytest.raises(AddressRefused, match="An invoice was issued"):
        desk.change(order_id, OTHER, side=Side.BILLING)
    assert street(order_id, Side.BILLING) == NEW.line1


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (replace(NEW, country="DE"), "country"),
        (replace(NEW, line1=" "), "line1"),
        (replace(NEW, city=""), "city"),
        (replace(NEW, first_name="", last_name="", company=""), "last_name"),
        (replace(NEW, postcode="1" * 21), "postcode"),
    ],
)
def test_change_with_a_wrong_field_then_said_at_that_field(
    desk: AddressDesk, address: AddressDraft, field: str
) -> None:
    order_id = desk.order(400)
    with pytest.raises(InvalidInput) as refused:
        desk.change(order_id, address)
    assert list(refused.value.fields) == [field]
    assert street(order_id) == HOME.line1


def test_change_of_a_stale_version_then_who_was_faster(desk: AddressDesk) -> None:
    order_id = desk.order(400)
    seen = order_now(order_id).version
    desk.change(order_id, by=desk.supervisor, version=seen)
    with pytest.raises(Conflict, match="Selin Koç has changed this order meanwhile"):
        desk.change(order_id, OTHER, version=seen)
    assert (street(order_id), len(told(order_id))) == (NEW.line1, 1)


def test_channel_that_allows_nothing_then_refused(session: Session) -> None:
    desk = AddressDesk.open(session, ownership="none")
    order_id = desk.order(400)
    for side in Side:
        with pytest.raises(AddressRefused, match="cannot be changed here"):
            desk.change(order_id, side=side)
    assert told(order_id) == []


def test_channel_that_owns_then_the_change_waits_for_its_answer(session: Session) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    made = desk.change(order_id)
    assert (made.way, street(order_id), changes(order_id)) == (
        Way.PROPOSE,
        HOME.line1,
        [("propose", "waiting")],
    )
    assert told(order_id)[0]["change_id"] == made.change_id
    with pytest.raises(Conflict, match=r"by Deniz Arslan .* still waits for the channel"):
        desk.change(order_id, OTHER)
    assert made.change_id is not None
    with unit_of_work() as unit:
        assert apply_change(unit, made.change_id)
    with unit_of_work() as unit:
        assert not apply_change(unit, made.change_id)
        assert not give_back_change(unit, made.change_id, "Too late.")
    assert (street(order_id), changes(order_id)) == (NEW.line1, [("propose", "applied")])
    assert [words for words, _ in said(order_id)] == ["Changed the shipping address: The channel has agreed"]
    assert findings() == []


def test_channel_that_owns_and_refuses_then_the_old_address_stays_and_somebody_is_told(
    session: Session,
) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    made = desk.change(order_id)
    assert made.change_id is not None
    with unit_of_work() as unit:
        assert give_back_change(unit, made.change_id, "Order is locked.")
    assert (street(order_id), changes(order_id)) == (HOME.line1, [("propose", "refused")])
    assert raised(order_id) == ["address_refused"]
    assert "Order is locked." in said(order_id, "order.address.refused")[0][0]
    # The field is free again; and whoever does it at the channel by hand has it here too.
    assert desk.change(order_id, OTHER).way is Way.PROPOSE


def test_channel_that_owns_when_its_word_comes_through_the_outbox_then_applied_or_given_back(
    session: Session,
) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    desk.change(order_id)
    _answer(order_id, ChannelAnswer(told=False, words="Not possible any more."))
    assert (street(order_id), changes(order_id)) == (HOME.line1, [("propose", "refused")])
    # Sent again later, and taken.
    echo = replace(HOME, line1=NEW.line1, line2="Kadıköy", district="")
    _answer(order_id, ChannelAnswer(told=True, address=echo))
    assert (street(order_id), changes(order_id)) == (NEW.line1, [("propose", "applied")])
    given = draft("1001", channel_id=desk.channel.id, shipping_address=echo)
    write(desk.channel, replace(given, remote_modified_at=PLACED + timedelta(hours=1)))
    assert (street(order_id), raised(order_id)) == (NEW.line1, ["address_refused"])


def test_channel_that_took_it_when_the_parcel_had_left_then_written_and_raised(session: Session) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    made = desk.change(order_id)
    assert made.change_id is not None
    desk.stand(order_id, 500)
    with unit_of_work() as unit:
        apply_change(unit, made.change_id)
    assert (street(order_id), raised(order_id)) == (NEW.line1, ["address_changed_late"])


def test_order_that_turns_out_to_be_anothers_while_a_change_waits_then_it_takes_the_address_along(
    session: Session,
) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    made = desk.change(order_id)
    other = draft("1001", channel_id=desk.channel.id, customer=customer(remote_id="77", first_name="Zeynep"))
    write(desk.channel, replace(other, remote_modified_at=PLACED + timedelta(hours=1)))
    assert made.change_id is not None
    with unit_of_work() as unit:
        apply_change(unit, made.change_id)
    assert (street(order_id), findings()) == (NEW.line1, [])


def test_change_that_waits_for_nobody_then_verify_says_so(session: Session) -> None:
    desk = AddressDesk.open(session, ownership="owner")
    order_id = desk.order(400)
    desk.change(order_id)
    assert findings() == []
    with unit_of_work() as unit:
        unit.execute(update(IntegrationAction).values(state="sent"))
    assert findings() == [
        "address_waits_for_nobody: A new address waits (propose), but neither the channel nor a carrier is being asked."
    ]


def test_order_that_is_deleted_then_what_waits_for_a_carrier_goes_with_it(desk: AddressDesk) -> None:
    order_id = desk.order(500, transactions=())
    _connect(desk)
    desk.stand(order_id, 500, tracking_number="X1")
    desk.change(order_id, by=desk.supervisor)
    with unit_of_work() as unit:
        delete_order(unit, order_id, desk.supervisor)
    assert (errands(order_id), changes(order_id)) == ([], [])


def test_redirect_without_its_permission_then_refused_and_no_errand(desk: AddressDesk) -> None:
    order_id = desk.order(500)
    _connect(desk)
    desk.stand(order_id, 500, tracking_number="X1")
    with pytest.raises(PermissionDenied, match="Ask a supervisor"):
        desk.change(order_id)
    assert (errands(order_id), changes(order_id)) == ([], [])
    assert desk.change(order_id, by=desk.supervisor).way is Way.REDIRECT
    assert (street(order_id), errands(order_id)) == (HOME.line1, [("redirect", "waiting")])


def test_erased_customer_then_no_new_address(desk: AddressDesk) -> None:
    order_id = desk.order(400)
    with unit_of_work() as unit:
        unit.get_one(Customer, unit.get_one(Order, order_id).customer_id).erased_at = PLACED
    with pytest.raises(DomainError, match="was erased"):
        desk.change(order_id)


def test_pull_after_a_change_here_then_ours_stays_and_a_later_one_there_is_raised(desk: AddressDesk) -> None:
    order_id = desk.order(400)
    desk.change(order_id)
    given = draft("1001", channel_id=desk.channel.id)
    later = replace(given, remote_modified_at=PLACED + timedelta(hours=1), notes="Ring twice")
    write(desk.channel, later)
    assert (street(order_id), raised(order_id)) == (NEW.line1, [])

    moved = replace(HOME, line1="Üsküdar Meydanı 1")
    newer = replace(later, shipping_address=moved, remote_modified_at=PLACED + timedelta(hours=2))
    write(desk.channel, newer)
    assert (street(order_id), raised(order_id)) == (NEW.line1, ["address_changed_twice"])


def test_pull_that_tells_our_own_change_back_then_nothing_is_raised(desk: AddressDesk) -> None:
    """Shops keep only some of the fields: the channel's new version is ours as far as it changed anything."""
    order_id = desk.order(400)
    desk.change(order_id, replace(NEW, tax_office="Kadıköy", company="Koç Tekstil"))
    echo = replace(HOME, line1=NEW.line1, postcode=NEW.postcode, company="Koç Tekstil")
    given = draft("1001", channel_id=desk.channel.id, shipping_address=echo)
    write(desk.channel, replace(given, remote_modified_at=PLACED + timedelta(hours=1)))
    assert (street(order_id), raised(order_id)) == (NEW.line1, [])
    # Its next word about something else is still a word of its own.
    write(
        desk.channel,
        replace(
            given,
            shipping_address=replace(echo, line2="Kat 3"),
            remote_modified_at=PLACED + timedelta(hours=2),
        ),
    )
    assert raised(order_id) == ["address_changed_twice"]


def _answer(order_id: int, answer: ChannelAnswer) -> None:
    with unit_of_work() as unit:
        query = select(IntegrationAction).where(IntegrationAction.order_id == order_id)
        action = unit.scalars(query).one()
        channel_answered(unit, action, lock_order(unit, order_id), answer)


def _connect(desk: AddressDesk) -> None:
    from webapp.cargo.models import CargoAccount

    with unit_of_work() as unit:
        unit.add(
            CargoAccount(
                cargo_company_id=desk.cargo_id, account_type="parcel_api", base_url="https://carrier.example"
            )
        )
