"""The settings page of approval limits: what is kept, what is refused, what the audit log says."""

from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.overtaking import says_who_what_when
from tests.staff import make_staff
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.orders.models import ApprovalLimit

URL = "/settings/approval-limits/"


@pytest.fixture
def admin(app: Flask, session: Session) -> StaffClient:
    return at_desk(app)


def save(client: StaffClient, currency: str, **typed: str) -> tuple[int, str]:
    form = {"csrf_token": client.token, "currency": currency, **typed}
    response = client.post(URL, data=form)
    return response.status_code, response.get_data(as_text=True)


def limits(session: Session) -> dict[tuple[str, str], Decimal]:
    session.rollback()
    return {(row.role, row.currency): row.amount for row in session.scalars(select(ApprovalLimit))}


def test_save_when_amounts_are_given_then_they_are_kept_with_audit(
    admin: StaffClient, session: Session
) -> None:
    save(admin, "try", amount_supervisor="2500.00", amount_administrator="10000")

    entry = session.scalars(select(AuditEntry)).one()
    assert limits(session) == {("supervisor", "TRY"): Decimal(2500), ("administrator", "TRY"): Decimal(10000)}
    assert (entry.tag, entry.subject_id, entry.staff_id) == ("approval_limit.changed", "TRY", admin.staff_id)
    assert entry.changes == {"supervisor": [None, "2500.00"], "administrator": [None, "10000.00"]}


def test_save_when_one_is_emptied_then_that_role_needs_a_second_person_again(
    admin: StaffClient, session: Session
) -> None:
    save(admin, "TRY", amount_supervisor="2500.00", amount_administrator="10000")

    save(admin, "TRY", amount_supervisor="", amount_administrator="10000")

    changes = session.scalars(select(AuditEntry.changes).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert limits(session) == {("administrator", "TRY"): Decimal(10000)}
    assert changes == {"supervisor": ["2500.00", None]}


def test_save_when_nothing_differs_then_no_audit_row_is_left(admin: StaffClient, session: Session) -> None:
    for _ in range(2):
        save(admin, "TRY", amount_supervisor="2500.00", amount_administrator="")

    assert len(session.scalars(select(AuditEntry)).all()) == 1


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("TRY", "2.500,00"), ("TRY", "1.005"), ("TRY", "-1"), ("TRY", "NaN"), ("TRY", "1e9"), ("JPY", "0.5"), ("TRY", "abc"), ("TRY", "9" * 30)],
)  # fmt: skip
def test_save_when_an_amount_is_none_then_422_and_what_was_typed_comes_back(
    admin: StaffClient, session: Session, currency: str, amount: str
) -> None:
    status, page = save(admin, currency, amount_supervisor=amount, amount_administrator="17")

    assert status == 422
    assert f'value="{amount}"' in page
    assert 'value="17"' in page
    assert 'aria-invalid="true"' in page
    assert limits(session) == {}


@pytest.mark.parametrize("currency", ["", "XXQ", "TR", "<b>"])
def test_save_when_the_currency_is_none_then_422(admin: StaffClient, session: Session, currency: str) -> None:
    status, page = save(admin, currency, amount_supervisor="1")

    assert status == 422
    assert "There is no such currency." in page
    assert f'value="{currency.upper().replace("<", "&lt;").replace(">", "&gt;")}"' in page
    assert 'value="1"' in page
    assert limits(session) == {}


def test_save_when_a_colleague_was_faster_then_409_and_nothing_is_written(
    app: Flask, admin: StaffClient, session: Session
) -> None:
    save(admin, "TRY", amount_supervisor="1000", amount_administrator="")

    status, page = save(admin, "TRY", seen="/", amount_supervisor="9000", amount_administrator="")

    assert status == 409
    assert 'value="9000"' in page
    says_who_what_when(page, "Ada Yılmaz", "Supervisor: — → 1000")
    assert limits(session) == {("supervisor", "TRY"): Decimal(1000)}


def test_save_when_roles_that_approve_nothing_are_smuggled_in_then_they_get_no_limit(
    admin: StaffClient, session: Session
) -> None:
    save(admin, "TRY", amount_agent="1000", amount_finance="1000", amount_supervisor="1")

    assert limits(session) == {("supervisor", "TRY"): Decimal(1)}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_page_when_the_role_may_not_then_is_refused(app: Flask, session: Session, role: Role) -> None:
    client = at_desk(app, role)

    assert client.get(URL).status_code == 403
    assert save(client, "TRY", amount_supervisor="1")[0] == 403
    assert limits(session) == {}


def test_page_when_only_one_person_may_approve_then_says_so(app: Flask, admin: StaffClient) -> None:
    alone = admin.get(URL).get_data(as_text=True)
    make_staff(Role.SUPERVISOR)
    two = admin.get(URL).get_data(as_text=True)

    assert "Only one person here may approve" in alone
    assert "Only one person here may approve" not in two
