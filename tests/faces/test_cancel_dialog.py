"""Cancel…: what the dialog shows, what it opens, what it gives back, and that a refusal moves nothing."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import Desk, items_of_order, make_desk, order_now
from tests.order_drafts import draft, line, payment, write
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import PlanKind
from webapp.orders.models import CancellationPlan, CancellationPlanItem, CancellationReason, Order, OrderItem
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.standing import restate
from webapp.payments.models import Payee

HTMX = {"HX-Request": "true"}
IBAN = "TR330006100519786457841326"


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


@pytest.fixture
def order_id(desk: Desk) -> int:
    lines = (line("1", "60.00", quantity=3), line("2", "40.00"))
    given = draft("1001", items=lines, channel_id=desk.channel.id)
    result = write(desk.channel, given)[0]
    assert result.order_id is not None, result.words
    return result.order_id


@pytest.fixture
def agent(app: Flask, order_id: int) -> StaffClient:
    return at_desk(app, Role.AGENT)


def typed(client: StaffClient, desk: Desk, order_id: int, **fields: str) -> dict[str, str]:
    """The form as the page gives it, everything ticked, with a reason; `fields` change it."""
    items = items_of_order(order_id)
    form = {
        "csrf_token": client.token,
        "version": str(order_now(order_id).version),
        "seen": "0",
        "shipping": "",
    }
    for item in items:
        form |= {f"items-{item.id}": "y", f"reason-{item.id}": "", f"reason_text-{item.id}": ""}
        if item.quantity > 1:
            form[f"quantity-{item.id}"] = str(int(item.quantity))
    form |= {"reason_cancel": str(desk.reasons[PlanKind.CANCEL]), "fallback": "transfer"}
    return {**form, **fields}


def test_a_form_that_shows_neither_shipping_nor_bank_sends_neither_and_opens_a_plan(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    form = typed(agent, desk, order_id)
    del form["shipping"], form["fallback"]
    answer = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)
    assert answer.status_code == 204, answer.text
    assert db.session.scalar(select(func.count()).select_from(CancellationPlan)) == 1


def nothing_was_opened() -> bool:
    db.session.rollback()
    plans = db.session.scalar(select(func.count()).select_from(CancellationPlan))
    return plans == 0 and {*db.session.scalars(select(OrderItem.status))} == {400}


def test_dialog_when_opened_then_offers_every_live_item_and_says_what_will_happen(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    page = agent.get(f"/orders/{order_id}/cancel", headers=HTMX).get_data(as_text=True)

    assert page.count('type="checkbox"') == 2
    assert 'value="3"' in page
    assert "A supervisor approves it." in page
    assert "Keep order" in page
    assert "Pay back another amount" not in page


def test_dialog_when_the_reader_may_force_an_amount_then_it_is_offered(app: Flask, order_id: int) -> None:
    page = at_desk(app, Role.SUPERVISOR).get(f"/orders/{order_id}/cancel").get_data(as_text=True)

    assert "Pay back another amount" in page
    assert "You may approve it yourself." in page


def test_preview_when_a_part_is_ticked_then_says_its_cents_and_writes_nothing(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    first, second = items_of_order(order_id)
    form = typed(agent, desk, order_id, **{f"quantity-{first.id}": "1"})
    del form[f"items-{second.id}"]

    page = agent.post(f"/orders/{order_id}/cancel/preview", data=form, headers=HTMX).get_data(as_text=True)

    assert "1 × " in page
    assert "20.00" in page
    assert 'hx-swap-oob="true"' in page
    assert nothing_was_opened()


def test_open_when_filled_in_then_one_plan_with_exactly_these_rows(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    first, second = items_of_order(order_id)
    form = typed(agent, desk, order_id, **{f"quantity-{first.id}": "1"})
    del form[f"items-{second.id}"]

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    assert response.status_code == 204
    assert "Cancellation plan opened for 1001." in response.headers["HX-Trigger"]
    db.session.rollback()
    plan = db.session.scalars(select(CancellationPlan)).one()
    row = db.session.scalars(select(CancellationPlanItem)).one()
    assert (plan.status, plan.kind, plan.refund_amount, plan.opened_by_id) == (
        "waiting",
        "cancel",
        Decimal("20.00"),
        agent.staff_id,
    )
    assert (row.quantity, row.refund_amount, row.reason_id) == (
        Decimal(1),
        Decimal("20.00"),
        desk.reasons[PlanKind.CANCEL],
    )
    assert sorted((item.status, item.quantity) for item in items_of_order(order_id)) == [
        (50, Decimal(1)),
        (400, Decimal(1)),
        (400, Decimal(2)),
    ]


def test_open_when_there_is_no_script_then_the_order_page_says_it(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    response = agent.post(f"/orders/{order_id}/cancel", data=typed(agent, desk, order_id))

    assert response.status_code == 303
    page = agent.get(response.location).get_data(as_text=True)
    assert "Cancellation plan opened for 1001." in page


def test_open_when_some_items_are_shipped_then_two_linked_plans(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    with unit_of_work() as unit:
        unit.execute(update(OrderItem).where(OrderItem.remote_line_id == "2").values(status=500))
        restate(unit, unit.get_one(Order, order_id))
    form = typed(agent, desk, order_id, reason_refund=str(desk.reasons[PlanKind.REFUND]))
    shown = agent.get(f"/orders/{order_id}/cancel").get_data(as_text=True)

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    assert "Opens 2 linked plans, decided together." in shown
    assert response.status_code == 204
    db.session.rollback()
    plans = db.session.scalars(select(CancellationPlan).order_by(CancellationPlan.kind)).all()
    assert [plan.kind for plan in plans] == ["cancel", "refund"]
    assert len({plan.group_id for plan in plans}) == 1


def test_open_when_no_reason_is_chosen_then_422_with_a_link_to_the_field_and_nothing_opened(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    first = items_of_order(order_id)[0]
    form = typed(agent, desk, order_id, reason_cancel="", **{f"quantity-{first.id}": "2"})

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "1 thing to fix" in page
    assert '<a href="#reason_cancel">Choose why it is cancelled.</a>' in page
    assert 'value="2"' in page
    assert nothing_was_opened()


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        ("0", "from 1 to 3"),
        ("4", "from 1 to 3"),
        ("x", "from 1 to 3"),
        ("²", "from 1 to 3"),
        ("", "from 1 to 3"),
    ],
)
def test_open_when_a_quantity_is_none_then_422_at_its_field(
    agent: StaffClient, desk: Desk, order_id: int, quantity: str, sentence: str
) -> None:
    first = items_of_order(order_id)[0]
    form = typed(agent, desk, order_id, **{f"quantity-{first.id}": quantity})

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    assert response.status_code == 422
    assert f'<a href="#quantity-{first.id}">' in response.get_data(as_text=True)
    assert sentence in response.get_data(as_text=True)
    assert nothing_was_opened()


def test_open_when_nothing_is_ticked_then_422(agent: StaffClient, desk: Desk, order_id: int) -> None:
    form = {k: v for k, v in typed(agent, desk, order_id).items() if not k.startswith("items-")}

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    assert response.status_code == 422
    assert "Tick what is to be cancelled." in response.get_data(as_text=True)


def test_open_when_the_reason_wants_words_then_422_at_the_words(
    agent: StaffClient, desk: Desk, order_id: int, session: Session
) -> None:
    wants = CancellationReason(slug="other", name="Something else", plan_kind="cancel", needs_text=True)
    session.add(wants)
    session.commit()
    form = typed(agent, desk, order_id, reason_cancel=str(wants.id))

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    assert response.status_code == 422
    assert '<a href="#reason_text_cancel">' in response.get_data(as_text=True)


def test_open_when_a_reason_is_none_of_the_offered_then_422_and_no_500(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    form = typed(agent, desk, order_id, reason_cancel="999999")

    assert agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX).status_code == 422
    assert agent.post(f"/orders/{order_id}/cancel/preview", data=form, headers=HTMX).status_code == 200
    assert nothing_was_opened()


def test_open_when_a_forced_amount_is_sent_without_the_permission_then_403_and_an_audit_row_alone(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    form = typed(agent, desk, order_id, forced_refund_amount="10.00", adjustment_reason="Goodwill")

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    assert response.status_code == 403
    assert nothing_was_opened()
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.refused)).one()
    assert (entry.tag, entry.staff_id, entry.order_id) == (
        "cancellation_plan.opened",
        agent.staff_id,
        order_id,
    )
    assert entry.changes == {"refused_because": [None, "permission_denied"]}


@pytest.mark.parametrize("amount", ["-1", "100.01", "1.005", "abc", "1e2", "NaN"])
def test_open_when_the_forced_amount_cannot_be_then_422_at_its_field(
    app: Flask, desk: Desk, order_id: int, amount: str
) -> None:
    supervisor = at_desk(app, Role.SUPERVISOR)
    form = typed(supervisor, desk, order_id, forced_refund_amount=amount, adjustment_reason="Goodwill")

    response = supervisor.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert '<a href="#forced_refund_amount">' in page
    assert f'value="{amount}"' in page
    assert nothing_was_opened()


def test_open_when_the_order_changed_meanwhile_then_409_says_who_did_what_and_keeps_what_was_typed(
    agent: StaffClient, desk: Desk, order_id: int
) -> None:
    first, second = items_of_order(order_id)
    form = typed(agent, desk, order_id, **{f"quantity-{first.id}": "2"})
    colleague = desk.authority()
    with unit_of_work() as unit:
        open_plans(unit, order_id, desk.request(second.id), colleague)

    response = agent.post(f"/orders/{order_id}/cancel", data=form, headers=HTMX)

    page = response.get_data(as_text=True)
    assert response.status_code == 409
    assert "Selin Koç" in page
    assert "opened a cancellation plan over 40.00 TRY" in page
    says_who_what_when(page, "Selin Koç", "opened a cancellation plan over 40.00 TRY")
    assert 'value="2"' in page
    assert f'value="{order_now(order_id).version}"' in page
    assert len(db.session.scalars(select(CancellationPlan)).all()) == 1


def test_open_when_money_goes_back_by_bank_then_the_account_is_kept_beside_the_plan(
    agent: StaffClient, desk: Desk
) -> None:
    given = draft("1002", items=(line("1", "100.00"),), channel_id=desk.channel.id)
    paid = replace(given, transactions=(replace(payment("100.00"), holder="us", gateway=None),))
    other = write(desk.channel, paid)[0].order_id
    assert other is not None
    shown = agent.get(f"/orders/{other}/cancel").get_data(as_text=True)
    wrong = typed(agent, desk, other, ibans="TR00", holder_names="Elif Koç")
    refused = agent.post(f"/orders/{other}/cancel", data=wrong, headers=HTMX)
    right = typed(agent, desk, other, ibans=f"{IBAN[:4]} {IBAN[4:]}", holder_names="Elif Koç")
    opened = agent.post(f"/orders/{other}/cancel", data=right, headers=HTMX)

    assert "Account holder" in shown
    assert refused.status_code == 422
    assert '<a href="#ibans">' in refused.get_data(as_text=True)
    assert opened.status_code == 204
    db.session.rollback()
    assert [(p.iban, p.holder_name) for p in db.session.scalars(select(Payee))] == [(IBAN, "Elif Koç")]


def test_form_when_the_order_is_of_a_channel_out_of_reach_then_404(app: Flask, order_id: int) -> None:
    outsider = at_desk(app, Role.SUPERVISOR, channels=[])
    data = {"csrf_token": outsider.token}

    assert outsider.get(f"/orders/{order_id}/cancel").status_code == 404
    assert outsider.post(f"/orders/{order_id}/cancel", data=data).status_code == 404
    assert outsider.post(f"/orders/{order_id}/cancel/preview", data=data).status_code == 404
    assert outsider.get("/orders/99999999999999999999/cancel").status_code == 404


def ticked(page: str) -> list[int]:
    """Ids of the items whose boxes are ticked."""
    boxes = re.findall(r'<input[^>]*name="items-(\d+)"[^>]*>', page)
    return [int(key) for key in boxes if re.search(rf'<input[^>]*checked[^>]*name="items-{key}"', page)]


def test_dialog_when_a_link_names_an_item_then_that_one_alone_is_ticked(
    agent: StaffClient, order_id: int
) -> None:
    first, second = (item.id for item in items_of_order(order_id))
    url = f"/orders/{order_id}/cancel"

    assert ticked(agent.get(url).text) == [first, second]
    assert ticked(agent.get(f"{url}?item={second}").text) == [second]
    assert ticked(agent.get(f"{url}?item=999999&item=x").text) == [first, second]
    price = agent.get(f"/orders/{order_id}/items/{second}/price").text
    assert f'hx-get="{url}?item={second}"' in price


def test_dialog_when_just_opened_then_asks_for_the_reason_once_and_blames_nobody(
    agent: StaffClient, order_id: int
) -> None:
    page = agent.get(f"/orders/{order_id}/cancel").text

    assert '<p class="k-small k-muted">Choose a reason.</p>' in page
    assert "Choose a reason for" not in page
    assert "k-small k-bad" not in page


def test_price_when_the_reader_may_not_cancel_then_offers_no_cancelling(app: Flask, order_id: int) -> None:
    first = items_of_order(order_id)[0].id
    finance = at_desk(app, Role.FINANCE)

    assert "Cancel this item" not in finance.get(f"/orders/{order_id}/items/{first}/price").text
