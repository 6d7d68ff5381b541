"""The pages of finance: accounts of transfers, batches from gathering to the bank's reference, differences with banks."""

import re
import uuid
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import Desk, make_desk
from tests.payments.pain_rules import broken_rules
from tests.payments.paying_back import approve, open_plan, refunds_now, write_order
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.orders.enums import TenderKind
from webapp.orders.service.cancellation.authority import Authority
from webapp.payments.account_setup import NewAccount, new_account
from webapp.payments.models import GatewayAccount, Payee, ReconciliationBreak, Refund, TransferBatch

HTMX = {"HX-Request": "true"}
IBAN, OTHER_IBAN = "TR330006100519786457841326", "DE89370400440532013000"


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)


def add_account(by: Authority) -> None:
    values = {"holder": "Örnek Mağaza A.Ş.", "iban": IBAN, "bic": "TGBATRIS", "currency": "TRY"}
    with unit_of_work() as session:
        new_account(session, NewAccount("bank-try", "bank_transfer", "", values), by.context)


def waiting(desk: Desk, *amounts: str, iban: str = IBAN) -> list[uuid.UUID]:
    """An order for each amount whose money waits to go back by transfer; the refunds' ids."""
    for number, amount in enumerate(amounts, start=1001):
        order_id = write_order(desk, (amount,), str(number), kind=TenderKind.FUNDS_TRANSFER)
        open_plan(desk, order_id, ibans=(iban,), holder_names=("Elif Koç",))
        approve(desk, order_id)
    return [refund.id for refund in refunds_now()]


def post(client: StaffClient, url: str, **data: object):  # type: ignore[no-untyped-def]
    return client.post(url, data={"csrf_token": client.token, **data})


def batch_now() -> TransferBatch:
    db.session.rollback()
    return db.session.scalars(select(TransferBatch)).one()


def test_refunds_by_hand_when_they_wait_then_each_says_how_and_where_to(app: Flask, desk: Desk) -> None:
    waiting(desk, "100.00", "50.00")
    page = at_desk(app, Role.FINANCE).get("/finance/refunds")
    assert page.status_code == 200
    assert re.findall(r'k-strong" href="/orders/\d+"><bdi>(\d+)</bdi>', page.text) == ["1001", "1002"]
    assert IBAN in page.text
    assert "Enter evidence…" in page.text


def test_refunds_by_hand_when_the_reader_is_limited_to_other_channels_then_none(
    app: Flask, desk: Desk
) -> None:
    (refund,) = waiting(desk, "100.00")
    stranger = at_desk(app, Role.FINANCE, channels=[])
    page = stranger.get("/finance/refunds").text
    assert "No refund waits for a person" in page
    assert 'href="/cancellations/?tab=manual"' in page
    assert stranger.get(f"/finance/refunds/{refund}/payee").status_code == 404
    assert stranger.get("/finance/transfers").status_code == 403
    assert stranger.get("/finance/reconciliation").status_code == 403


@pytest.mark.parametrize("path", ["/finance/refunds", "/finance/transfers", "/finance/reconciliation"])
def test_finance_when_an_agent_looks_then_403(app: Flask, desk: Desk, path: str) -> None:
    assert at_desk(app, Role.AGENT).get(path).status_code == 403


def test_the_account_of_a_transfer_when_it_is_wrong_then_422_at_the_field_and_nothing_is_lost(
    app: Flask, desk: Desk
) -> None:
    (refund,) = waiting(desk, "100.00")
    client = at_desk(app, Role.FINANCE)
    form = {"iban": "TR330006100519786457841327", "holder_name": "Elif Koç"}
    answer = post(client, f"/finance/refunds/{refund}/payee", **form)
    assert answer.status_code == 422
    assert "The IBAN is not valid: check it digit by digit." in answer.text
    assert "TR330006100519786457841327" in answer.text


def test_the_account_of_a_transfer_when_corrected_then_the_newest_counts(app: Flask, desk: Desk) -> None:
    (refund,) = waiting(desk, "100.00")
    client = at_desk(app, Role.FINANCE)
    form = {"iban": OTHER_IBAN, "holder_name": "Elif Koç"}
    assert post(client, f"/finance/refunds/{refund}/payee", **form).status_code == 303
    db.session.rollback()
    payee = db.session.get_one(Payee, db.session.get_one(Refund, refund).payee_id)
    assert payee.iban == OTHER_IBAN


def test_a_batch_when_gathered_exported_downloaded_and_closed_then_every_refund_is_paid_back(
    app: Flask, desk: Desk
) -> None:
    waiting(desk, "100.00", "50.00")
    add_account(desk.authority(Role.ADMINISTRATOR))
    client = at_desk(app, Role.FINANCE)
    assert "2 transfers wait" in client.get("/finance/transfers").text

    gathered = post(client, "/finance/transfers", currency="TRY")
    batch = batch_now()
    url = f"/finance/transfers/{batch.id}"
    assert gathered.headers["Location"].endswith(url)
    assert "Export for the bank" in client.get(url).text

    assert post(client, f"{url}/export").status_code == 303
    files = {kind: post(client, f"{url}/download", kind=kind) for kind in ("xml", "csv")}
    assert broken_rules(files["xml"].data) == []
    assert files["csv"].headers["Content-Disposition"] == f'attachment; filename="{batch.reference}.csv"'
    assert post(client, f"{url}/download", kind="xml").data == files["xml"].data

    assert post(client, f"{url}/close", bank_reference="VB 2026/118").status_code == 303
    assert drain("money") == 1
    assert {refund.state for refund in refunds_now()} == {"succeeded"}
    page = client.get(url).text
    assert "Carried out" in page
    assert "VB 2026/118" in page


def test_a_batch_when_no_day_is_named_then_the_bank_pays_on_the_day_that_it_is_where_the_exporter_sits(
    app: Flask, desk: Desk
) -> None:
    waiting(desk, "100.00")
    add_account(desk.authority(Role.ADMINISTRATOR))
    client = at_desk(app, Role.FINANCE)
    # At every hour it is another day than in London at one of the two ends of the world.
    now = utc_now()
    zone = ZoneInfo("Pacific/Kiritimati" if now.hour >= 12 else "Etc/GMT+12")
    db.session.get_one(StaffUser, client.staff_id).time_zone = zone.key
    db.session.commit()
    post(client, "/finance/transfers", currency="TRY")

    post(client, f"/finance/transfers/{batch_now().id}/export")

    assert batch_now().execution_date == now.astimezone(zone).date() != now.date()


def test_a_batch_when_exported_by_a_colleague_then_a_second_export_is_409_with_who_and_when(
    app: Flask, desk: Desk
) -> None:
    waiting(desk, "100.00")
    add_account(desk.authority(Role.ADMINISTRATOR))
    first, second = at_desk(app, Role.FINANCE), at_desk(app, Role.ADMINISTRATOR)
    post(first, "/finance/transfers", currency="TRY")
    url = f"/finance/transfers/{batch_now().id}"
    assert post(first, f"{url}/export").status_code == 303
    answer = post(second, f"{url}/export")
    assert answer.status_code == 409
    assert re.search(r"Deniz Aydın exported batch KT-\S+ on \d\d \w+ 20\d\d", answer.text)


def test_a_batch_when_closed_without_a_reference_then_422_and_it_stays_with_the_bank(
    app: Flask, desk: Desk
) -> None:
    waiting(desk, "100.00")
    add_account(desk.authority(Role.ADMINISTRATOR))
    client = at_desk(app, Role.FINANCE)
    post(client, "/finance/transfers", currency="TRY")
    url = f"/finance/transfers/{batch_now().id}"
    post(client, f"{url}/export")
    answer = post(client, f"{url}/close", bank_reference=" ")
    assert answer.status_code == 422
    assert "reference of the bank" in answer.text
    assert batch_now().state == "exported"


def test_a_transfer_when_taken_out_before_the_export_then_it_waits_as_before(app: Flask, desk: Desk) -> None:
    first, _ = waiting(desk, "100.00", "50.00")
    client = at_desk(app, Role.FINANCE)
    post(client, "/finance/transfers", currency="TRY")
    assert post(client, f"/finance/transfers/{batch_now().id}/remove", refund=str(first)).status_code == 303
    assert batch_now().transfer_count == 1
    assert "1 transfer waits" in client.get("/finance/transfers").text


def test_a_transfer_when_the_bank_returned_it_then_it_can_be_tried_again(app: Flask, desk: Desk) -> None:
    (refund,) = waiting(desk, "100.00")
    add_account(desk.authority(Role.ADMINISTRATOR))
    client = at_desk(app, Role.FINANCE)
    post(client, "/finance/transfers", currency="TRY")
    url = f"/finance/transfers/{batch_now().id}"
    post(client, f"{url}/export")
    assert post(client, f"/finance/refunds/{refund}/returned", words="").status_code == 422
    assert post(client, f"/finance/refunds/{refund}/returned", words="Account closed.").status_code == 303
    assert [row.state for row in refunds_now()] == ["declined"]


def test_gathering_when_nothing_waits_then_a_sentence_and_no_batch(app: Flask, desk: Desk) -> None:
    answer = post(at_desk(app, Role.FINANCE), "/finance/transfers", currency="TRY")
    assert answer.status_code == 409
    assert "No transfer in TRY can be gathered." in answer.text
    assert db.session.scalars(select(TransferBatch)).all() == []


# Reconciliation


def difference(**fields: object) -> int:
    given = {
        "gateway": "stripe",
        "kind": "missing_here",
        "subject": "re_1",
        "their_amount": 50,
        "their_currency": "TRY",
    }
    with unit_of_work() as unit:
        found = ReconciliationBreak(**{**given, **fields})
        unit.add(found)
        unit.flush()
        return found.id


def test_reconciliation_when_asked_for_then_one_operation_a_gateway_however_often_clicked(
    app: Flask, desk: Desk, session: Session
) -> None:
    session.add(GatewayAccount(name="stripe", gateway_type="stripe", base_url="https://bank.example/v1"))
    session.commit()
    client = at_desk(app, Role.FINANCE)
    assert "never" in client.get("/finance/reconciliation").text
    for _ in range(2):
        assert post(client, "/finance/reconciliation", gateway="stripe").status_code == 303
    db.session.rollback()
    (operation,) = db.session.scalars(select(Operation)).all()
    assert (operation.kind, operation.args) == ("refund.reconcile", {"gateway": "stripe", "days": 7})
    assert post(client, "/finance/reconciliation", gateway="other").status_code == 404


def test_a_difference_when_closed_with_words_then_it_moves_to_the_closed_ones(app: Flask, desk: Desk) -> None:
    break_id = difference()
    client = at_desk(app, Role.FINANCE)
    page = client.get("/finance/reconciliation").text
    assert "The bank paid back what we do not know of" in page
    assert "re_1" in page
    url = f"/finance/reconciliation/{break_id}/close"
    assert post(client, url, words=" ").status_code == 422
    assert post(client, url, words="Paid by phone on Monday.").status_code == 303
    assert "re_1" not in client.get("/finance/reconciliation").text
    assert "Paid by phone on Monday." in client.get("/finance/reconciliation?show=closed").text
    logged = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == "reconciliation_break.closed")
    ).one()
    assert logged.actor == "Deniz Aydın"


def test_a_difference_when_a_colleague_was_faster_then_409_says_who(app: Flask, desk: Desk) -> None:
    break_id = difference()
    url = f"/finance/reconciliation/{break_id}/close"
    post(at_desk(app, Role.FINANCE), url, words="Known.")
    answer = post(at_desk(app, Role.ADMINISTRATOR), url, words="I rang the bank.")
    assert answer.status_code == 409
    assert "Deniz Aydın has closed this difference on" in answer.text
    assert "I rang the bank." in answer.text


def test_the_attention_page_when_differences_are_open_then_finance_is_led_to_them(
    app: Flask, desk: Desk
) -> None:
    difference()
    assert "/finance/reconciliation" in at_desk(app, Role.FINANCE).get("/attention/").text
    assert "Nothing needs attention" in at_desk(app, Role.AGENT).get("/attention/").text
