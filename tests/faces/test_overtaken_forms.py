"""Small forms of an order's page that a colleague has overtaken: each says who was faster, what they did and when."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.addressing import AddressDesk, order_now
from tests.back_room import StaffClient, at_desk
from tests.faces.test_plan_banner import desk, order_id, plan_now
from tests.overtaking import says_who_what_when
from webapp.auth.roles import Role

__all__ = ["desk", "order_id"]
HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize("deed", ["approve", "reject", "confirm"])
def test_plan_when_a_colleague_has_decided_then_every_button_says_so(
    app: Flask, order_id: int, deed: str
) -> None:
    seen, url = plan_now(), f"/orders/{order_id}/plans/{plan_now().id}"
    fast = at_desk(app, Role.SUPERVISOR)
    form = {"csrf_token": fast.token, "version": str(seen.version), "words": "Not yet"}
    assert fast.post(f"{url}/approve", data=form, headers=HTMX).status_code == 204

    late = at_desk(app)
    answer = late.post(f"{url}/{deed}", data={**form, "csrf_token": late.token}, headers=HTMX)

    assert answer.status_code == 409
    says_who_what_when(answer.text, "Selin Koç", "has approved this plan")


@pytest.mark.parametrize("path", ["deeds/mark_as_not_sent", "labels"])
def test_button_when_the_order_has_changed_then_the_notice_says_by_whom_how_and_when(
    app: Flask, session: Session, path: str
) -> None:
    desk = AddressDesk.open(session)
    order_id = desk.order(400)
    seen, late = order_now(order_id).version, at_desk(app)
    desk.change(order_id, by=desk.supervisor)

    answer = press(late, f"/orders/{order_id}/{path}", version=seen)
    assert answer[0] == 409
    says_who_what_when(answer[1], "Selin Koç", "shipping address")
    # Also without a script.
    plain = press(late, f"/orders/{order_id}/{path}", version=seen, headers={})
    assert plain[0] == 409
    says_who_what_when(plain[1], "Selin Koç", "shipping address")


def press(client: StaffClient, url: str, *, version: int, headers: dict[str, str] = HTMX) -> tuple[int, str]:
    answer = client.post(url, data={"csrf_token": client.token, "version": str(version)}, headers=headers)
    return answer.status_code, answer.get_data(as_text=True)
