"""Pack…: what the dialog begins with, what it packs, one more parcel, and what it gives back."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card
from tests.factories import make_cargo
from tests.moving import move, pack, packages_of, parcel
from tests.order_drafts import line
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.cargo.models import CargoCompany
from webapp.core.db import unit_of_work

HTMX = {"HX-Request": "true"}


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def order_id(counter: Counter) -> int:
    lines = (line("1", "100.00", quantity=3), line("2", "50.00"))
    return counter.order_of(lines, tenders=(card("150.00"),))


@pytest.fixture
def agent(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.AGENT)


def typed(client: StaffClient, order_id: int, *parcels: dict[int, str], **fields: Any) -> dict[str, Any]:
    """The form with these quantities by item in its parcels."""
    form: dict[str, Any] = {
        "csrf_token": client.token,
        "version": order_now(order_id).version,
        "seen": "0",
        "parcels": len(parcels),
    }
    for at, contents in enumerate(parcels, start=1):
        form |= {f"quantity-{key}-{at}": quantity for key, quantity in contents.items()}
        form |= {f"cargo_company-{at}": "", f"tracking_number-{at}": ""}
    return {**form, **fields}


def send(client: StaffClient, order_id: int, form: dict[str, Any], path: str = "pack") -> Any:
    return client.post(f"/orders/{order_id}/{path}", data=form, headers=HTMX)


def keys(order_id: int) -> list[int]:
    return [item.id for item in items_of_order(order_id)]


def test_dialog_begins_with_one_parcel_of_everything(app: Flask, agent: StaffClient, order_id: int) -> None:
    assert f"/orders/{order_id}/pack" in agent.get(f"/orders/{order_id}").text
    first, second = keys(order_id)
    dialog = agent.get(f"/orders/{order_id}/pack", headers=HTMX).text
    assert "Parcel 1" in dialog
    assert "Parcel 2" not in dialog
    assert f'name="quantity-{first}-1" type="text" value="3"' in dialog
    assert f'name="quantity-{second}-1" type="text" value="1"' in dialog
    finance = at_desk(app, Role.FINANCE)
    assert finance.get(f"/orders/{order_id}/pack").status_code == 403
    assert send(finance, order_id, {"csrf_token": finance.token}).status_code == 403


def test_one_more_parcel_keeps_what_was_typed(agent: StaffClient, order_id: int) -> None:
    first, second = keys(order_id)
    form = typed(agent, order_id, {first: "2", second: "1"}, **{"tracking_number-1": "SW1"})
    answer = send(agent, order_id, form, "pack/more").text
    assert "Parcel 2" in answer
    assert f'name="quantity-{first}-1" type="text" value="2"' in answer
    assert 'value="SW1"' in answer
    assert f'name="quantity-{first}-2" type="text" value=""' in answer
    whole = agent.post(f"/orders/{order_id}/pack/more", data=form).text
    assert "<html" in whole
    assert packages_of(order_id) == []


def test_two_parcels_when_sent_then_packed_and_the_page_says_what_lies_where(
    agent: StaffClient, order_id: int
) -> None:
    with unit_of_work() as unit:
        swift = CargoCompany(
            slug="swift", name="Swift Parcel", tracking_url_template="https://swift.example/{n}"
        )
        unit.add(swift)
        unit.flush()
        carrier = swift.id
    first, second = keys(order_id)
    form = typed(
        agent,
        order_id,
        {first: "1", second: ""},
        {first: "2", second: "1"},
        {first: "", second: "0"},
        **{"tracking_number-1": "SW1", "cargo_company-1": str(carrier), "has_left-1": "y"},
    )
    answer = send(agent, order_id, form)
    assert answer.status_code == 204, answer.text
    assert "packed into 2 parcels" in answer.headers["HX-Trigger"]
    assert [(each.number, each.tracking_number) for each in packages_of(order_id)] == [(1, "SW1"), (2, None)]
    assert sorted((item.status, item.quantity) for item in items_of_order(order_id)) == [
        (400, 1),
        (400, 2),
        (500, 1),
    ]
    page = agent.get(f"/orders/{order_id}").text
    assert "https://swift.example/SW1" in page
    assert "Parcel 2" in page
    assert page.count("no number yet") == 1
    assert "packed 2 parcels (SW1, parcel 2)" in page
    dialog = agent.get(f"/orders/{order_id}/pack", headers=HTMX).text
    assert "Parcel 1 stays as it is" in dialog


def test_parcels_when_there_are_some_then_the_dialog_begins_with_them(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    first, second = keys(order_id)
    pack(order_id, counter.agent, parcel({first: 3}, "SW1"), parcel({second: 1}, "SW2"))
    dialog = agent.get(f"/orders/{order_id}/pack", headers=HTMX).text
    assert f'name="quantity-{first}-1" type="text" value="3"' in dialog
    assert f'name="quantity-{second}-2" type="text" value="1"' in dialog
    assert 'value="SW2"' in dialog


def test_carrier_of_a_parcel_when_switched_off_meanwhile_then_the_dialog_keeps_it(
    counter: Counter, agent: StaffClient, order_id: int, session: Session
) -> None:
    first, second = keys(order_id)
    carrier = make_cargo(session)
    session.commit()
    pack(order_id, counter.agent, parcel({first: 3, second: 1}, "SW1", cargo_company_id=carrier.id))
    carrier.is_active = False
    session.commit()

    dialog = agent.get(f"/orders/{order_id}/pack", headers=HTMX).text

    assert f'<option selected value="{carrier.id}">Swift Parcel</option>' in dialog
    form = typed(agent, order_id, {first: "3", second: "1"})
    sent = {**form, "cargo_company-1": str(carrier.id), "tracking_number-1": "SW2"}
    assert send(agent, order_id, sent).status_code == 204
    assert [(each.cargo_company_id, each.tracking_number) for each in packages_of(order_id)] == [
        (carrier.id, "SW2")
    ]


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        ("4", "There are 3 of Product 1, and 4 were packed."),
        ("many", "Enter how many, or leave it empty."),
        ("-1", "Enter how many, or leave it empty."),
        ("0.5", "is packed in whole units"),
        ("NaN", "Enter how many, or leave it empty."),
        ("", "Pack at least one item."),
    ],
)
def test_quantity_that_cannot_be_packed_then_422_with_what_was_typed(
    agent: StaffClient, order_id: int, quantity: str, sentence: str
) -> None:
    first = keys(order_id)[0]
    answer = send(agent, order_id, typed(agent, order_id, {first: quantity}))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{quantity}"' in answer.text
    assert packages_of(order_id) == []


def test_form_when_somebody_was_faster_then_409_says_who_and_keeps_what_was_typed(
    counter: Counter, agent: StaffClient, order_id: int
) -> None:
    first, second = keys(order_id)
    form = typed(agent, order_id, {first: "3", second: "1"}, **{"tracking_number-1": "SW77"})
    move(order_id, 450, counter.supervisor)
    answer = send(agent, order_id, form)
    assert answer.status_code == 409
    assert "Selin Koç has changed this order meanwhile" in answer.text
    assert 'value="SW77"' in answer.text
    says_who_what_when(answer.text, "Selin Koç", "moved Product 1")
    assert packages_of(order_id) == []


def test_order_when_nothing_is_left_to_pack_then_the_dialog_says_so(
    app: Flask, counter: Counter, agent: StaffClient, order_id: int
) -> None:
    counter.cancel(order_id)
    assert "Nothing of this order is left to pack." in agent.get(f"/orders/{order_id}/pack").text
    assert at_desk(app, Role.AGENT, channels=[]).get(f"/orders/{order_id}/pack").status_code == 404
