"""Who a guest is, when two addresses are one, and what finds an order."""

from dataclasses import fields, replace

import pytest

from webapp.customers.identity import (
    ADDRESS_FIELDS,
    address_hash,
    folded_person,
    guest_remote_id,
    is_empty,
    order_search_text,
)
from webapp.orders.inputs import AddressDraft, CustomerDraft

ADDRESS = AddressDraft(first_name="Elif", last_name="Koç", line1="Moda Cad. 22", country="TR")


def test_a_guest_when_the_e_mail_is_written_differently_then_it_is_the_same_person() -> None:
    assert guest_remote_id("Elif@Example.com ", "1") == guest_remote_id("elif@example.com", "2")


def test_two_guests_without_e_mail_when_compared_then_they_are_strangers() -> None:
    assert guest_remote_id("", "1") != guest_remote_id("", "2")
    assert guest_remote_id("", "1") == guest_remote_id("  ", "1")


def test_a_guest_when_stored_then_the_id_does_not_show_the_e_mail_and_fits_its_column() -> None:
    remote_id = guest_remote_id("elif@example.com", "1")

    assert remote_id.startswith("guest:")
    assert "elif" not in remote_id
    assert len(remote_id) <= 128


@pytest.mark.parametrize("field", [field.name for field in fields(AddressDraft)])
def test_an_address_when_any_field_differs_then_it_is_another_one(field: str) -> None:
    assert address_hash(replace(ADDRESS, **{field: "zz"})) != address_hash(ADDRESS)
    assert field in ADDRESS_FIELDS


def test_addresses_when_a_text_moves_from_one_field_to_the_next_then_they_differ() -> None:
    assert address_hash(AddressDraft(line1="Moda", line2="Cad")) != address_hash(
        AddressDraft(line1="ModaCad")
    )


def test_a_country_alone_when_given_then_it_is_no_address_yet() -> None:
    assert is_empty(AddressDraft(country="TR"))
    assert not is_empty(ADDRESS)


def test_a_person_when_folded_then_search_and_sorting_have_their_texts() -> None:
    folded = folded_person(CustomerDraft("1", "Şule", "IŞIK", "Sule@Example.com", "+90 532"))

    assert folded == ("sule@example.com", "sule isik sule@example.com 90532", "isik sule")


def test_a_receiver_who_is_the_customer_when_searched_then_the_name_is_there_once() -> None:
    assert order_search_text("A-1", "elif koc", "Elif Koç") == "a-1 elif koc"
    assert order_search_text("A-1", "elif koc", "Can Koç") == "a-1 elif koc can koc"
