"""The pages of accounts at carriers: keys go in and never come out, addresses are judged, a test tells, who was slower is told."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.back_room import StaffClient, at_desk
from tests.channels.canary import answering, http_answer
from tests.factories import make_cargo
from tests.overtaking import says_who_what_when
from tests.sandbox.running import CarrierServer
from webapp.auth.roles import Role
from webapp.cargo.accounts import connect_carrier
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.commands.context import BY_COMMAND
from webapp.core.audit import AuditContext, AuditEntry, Origin, record
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.operations import Operation
from webapp.core.secrets import current_vault
from webapp.core.settings import Settings

URL = "/settings/carriers/"
KEY = "planted-key-that-nobody-may-read"
HOST = "https://carrier.example"


@pytest.fixture
def cargo_id(session: Session) -> int:
    cargo = make_cargo(session)
    session.commit()
    return cargo.id


@pytest.fixture
def admin(app: Flask, cargo_id: int) -> StaffClient:
    return at_desk(app)


@pytest.fixture
def carrier(tmp_path: Path) -> Iterator[CarrierServer]:
    server = CarrierServer("sandbox.carrier", tmp_path / "carrier.sqlite")
    yield server
    server.stop()


def post(client: StaffClient, path: str, **typed: object) -> tuple[int, str]:
    response = client.post(URL + path, data={"csrf_token": client.token, **typed})
    return response.status_code, response.get_data(as_text=True)


def page_of(client: StaffClient, path: str = "") -> str:
    return str(client.get(URL + path).get_data(as_text=True))


def account() -> CargoAccount:
    db.session.rollback()
    return db.session.scalars(select(CargoAccount)).one()


def connect(settings: Settings, url: str = HOST, key: str = KEY) -> None:
    with unit_of_work() as unit:
        connect_carrier(unit, "swift", url, key, BY_COMMAND, settings=settings)


def key_of(row: CargoAccount) -> str:
    return current_vault().decrypt_fields(row.credentials)["api_key"]


def entries(tag: str) -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.tag == tag).order_by(AuditEntry.id)))


def test_connecting_when_all_is_well_then_the_key_is_kept_encrypted_tried_and_never_shown(
    admin: StaffClient, cargo_id: int
) -> None:
    assert "Swift Parcel" in page_of(admin, "new")

    status, _ = post(admin, "new", carrier="swift", base_url=HOST, api_key=KEY)

    assert status == 303
    assert key_of(account()) == KEY
    assert db.session.scalars(select(Operation.kind)).all() == ["cargo.check"]
    for path in ("", f"{cargo_id}", f"{cargo_id}/edit", f"{cargo_id}/standing"):
        assert KEY not in page_of(admin, path)
    stored = db.session.execute(text("SELECT * FROM audit_entry")).all()
    assert KEY not in f"{stored}{db.session.execute(text('SELECT * FROM operation')).all()}"
    [entry] = entries("carrier.connected")
    assert (entry.actor, entry.changes["credentials"]) == ("Ada Yılmaz", [None, ["api_key"]])


def test_connecting_a_carrier_that_we_know_and_nobody_has_named_so_far_then_it_is_kept(
    admin: StaffClient, session: Session
) -> None:
    form = page_of(admin, "new")
    assert '<option value="ptt">PTT Kargo</option>' in form

    status, _ = post(admin, "new", carrier="ptt", base_url=HOST, api_key=KEY)

    assert status == 303
    company = session.scalars(select(CargoCompany).where(CargoCompany.slug == "ptt")).one()
    assert (company.name, account().cargo_company_id) == ("PTT Kargo", company.id)
    assert '<option value="ptt">' not in page_of(admin, "new")


def test_connecting_when_something_is_wrong_then_422_and_all_but_the_key_comes_back(
    admin: StaffClient, session: Session
) -> None:
    for wrong, sentence in (
        ({"carrier": ""}, "Choose a carrier."),
        ({"api_key": ""}, "Enter the key."),
        ({"base_url": ""}, "Write something here."),
        ({"base_url": "https://carrier.example/?a=1"}, "without a question mark"),
    ):
        typed = {"carrier": "swift", "base_url": HOST, "api_key": KEY, **wrong}
        status, page = post(admin, "new", **typed)

        assert status == 422
        assert sentence in page
        assert KEY not in page
        if "base_url" not in wrong:
            assert f'value="{HOST}"' in page
    assert session.scalars(select(CargoAccount)).all() == []


@pytest.mark.parametrize(
    "url", ["http://carrier.example", "https://169.254.169.254", "https://127.0.0.1/x", "https://[::1]/"]
)
def test_an_address_when_it_may_not_be_called_then_refused_in_both_forms(
    admin: StaffClient, app: Flask, settings: Settings, cargo_id: int, url: str
) -> None:
    strict = replace(settings, allow_private_network=False)
    app.extensions["kontor_settings"] = strict
    try:
        assert post(admin, "new", carrier="swift", base_url=url, api_key=KEY)[0] == 422
        connect(settings)
        status, page = post(admin, f"{cargo_id}/edit", base_url=url, api_key=KEY, version="1")
    finally:
        app.extensions["kontor_settings"] = settings

    assert status == 422
    assert 'id="base_url-error"' in page
    assert account().base_url == HOST


def test_connecting_when_a_colleague_was_faster_then_409_names_them_and_their_key_stays(
    admin: StaffClient, settings: Settings
) -> None:
    connect(settings, key="theirs")

    status, page = post(admin, "new", carrier="swift", base_url="https://other.example", api_key=KEY)

    assert status == 409
    assert f"{BY_COMMAND.actor} has connected this carrier already" in page
    assert (key_of(account()), account().base_url) == ("theirs", HOST)


def test_saving_when_the_key_is_left_empty_then_it_stays_and_a_new_one_replaces_it(
    admin: StaffClient, settings: Settings, cargo_id: int
) -> None:
    connect(settings)

    assert post(admin, f"{cargo_id}/edit", base_url=f"{HOST}/v2", api_key="", version="1")[0] == 303
    assert (account().base_url, key_of(account())) == (f"{HOST}/v2", KEY)
    assert post(admin, f"{cargo_id}/edit", base_url=f"{HOST}/v2", api_key="another", version="2")[0] == 303

    assert key_of(account()) == "another"
    assert [entry.changes for entry in entries("carrier.changed")] == [
        {"base_url": [HOST, f"{HOST}/v2"]},
        {"credentials": [None, ["api_key"]]},
    ]


def test_saving_when_the_host_changes_then_the_stored_key_does_not_go_there(
    admin: StaffClient, settings: Settings, cargo_id: int
) -> None:
    connect(settings)

    status, page = post(admin, f"{cargo_id}/edit", base_url="https://evil.example", api_key="", version="1")

    assert status == 422
    assert "does not get the stored key" in page
    assert 'value="https://evil.example"' in page
    assert account().base_url == HOST


def test_saving_when_a_colleague_was_faster_then_409_says_who_what_and_when_and_keeps_what_was_typed(
    admin: StaffClient, settings: Settings, cargo_id: int
) -> None:
    connect(settings)
    assert post(admin, f"{cargo_id}/edit", base_url=f"{HOST}/theirs", version="1")[0] == 303
    with unit_of_work() as unit:
        # Somebody else has given the carrier another name since, which is no change of its account.
        another = AuditContext(Origin.PAGE, actor="Ece Kaya")
        record(unit, another, "cargo_company.changed", subject=("cargo_company", cargo_id))

    status, page = post(admin, f"{cargo_id}/edit", base_url=f"{HOST}/mine", version="1")

    assert status == 409
    assert "Ada Yılmaz changed this account while you were editing it" in page
    says_who_what_when(page, "Ada Yılmaz", "base url")
    assert re.search(r"Changed on \d+ \w+, \d\d:\d\d: base url\.", page)
    assert f'value="{HOST}/mine"' in page
    assert account().base_url == f"{HOST}/theirs"
    assert post(admin, f"{cargo_id}/edit", base_url=f"{HOST}/mine", version="2")[0] == 303


def test_switching_when_off_then_it_is_asked_no_more_and_a_second_click_is_told_who(
    admin: StaffClient, settings: Settings, cargo_id: int
) -> None:
    connect(settings)

    assert post(admin, f"{cargo_id}/switch-off")[0] == 303
    assert account().is_active is False
    assert "Switched off" in page_of(admin)
    status, page = post(admin, f"{cargo_id}/switch-off")
    assert (status, "Ada Yılmaz has switched it off already" in page) == (409, True)

    assert post(admin, f"{cargo_id}/switch-on")[0] == 303
    assert account().is_active is True
    assert [len(entries(tag)) for tag in ("carrier.disconnected", "carrier.switched_on")] == [1, 1]


def test_testing_when_the_carrier_takes_the_key_then_the_page_polls_and_then_says_so(
    admin: StaffClient, settings: Settings, cargo_id: int, carrier: CarrierServer
) -> None:
    connect(settings, carrier.url, carrier.key)
    assert "Not tested" in page_of(admin, f"{cargo_id}")

    moving = admin.post(
        f"{URL}{cargo_id}/check", data={"csrf_token": admin.token}, headers={"HX-Request": "true"}
    ).get_data(as_text=True)
    assert 'hx-trigger="every 1s"' in moving
    [operation_id] = re.findall(r"open=([0-9a-f-]{36})", moving)
    drain("files")
    settled = admin.get(f"{URL}{cargo_id}/standing?open={operation_id}", headers={"HX-Request": "true"})

    fragment = settled.get_data(as_text=True)
    assert "hx-trigger" not in fragment
    assert "Connected" in fragment
    assert "operation:ended" in settled.headers["HX-Trigger"]


def test_testing_when_the_key_is_wrong_or_nobody_answers_then_the_page_says_what_is_wrong(
    admin: StaffClient, settings: Settings, cargo_id: int, carrier: CarrierServer
) -> None:
    connect(settings, carrier.url, "not the key")
    post(admin, f"{cargo_id}/check")
    drain("files")
    page = page_of(admin, f"{cargo_id}")
    assert "Test failed" in page
    assert "The carrier refuses: The key is not valid." in page

    connect(settings, "http://127.0.0.1:9", carrier.key)
    assert "Not tested" in page_of(admin, f"{cargo_id}")
    post(admin, f"{cargo_id}/check")
    drain("files")
    assert "Test failed" in page_of(admin, f"{cargo_id}")
    assert db.session.scalars(select(Operation.state)).all() == ["dead", "dead"]


@pytest.mark.parametrize(
    "body", [b'{"code": "rest_no_route", "message": "No route."}', b'{"status": "done", "number": "X1"}']
)
def test_testing_when_something_else_is_at_the_address_then_the_page_does_not_say_connected(
    admin: StaffClient, settings: Settings, cargo_id: int, body: bytes
) -> None:
    with answering(http_answer(body, status="404 Not Found" if b"code" in body else "200 OK")) as (port, _):
        connect(settings, f"http://127.0.0.1:{port}")
        post(admin, f"{cargo_id}/check")
        drain("files")
    page = page_of(admin, f"{cargo_id}")
    assert "Test failed" in page
    assert "Something else than the carrier answers at this address" in page


def test_testing_when_the_account_was_changed_meanwhile_then_what_was_said_does_not_count(
    app: Flask, admin: StaffClient, settings: Settings, cargo_id: int
) -> None:
    class Overtaken(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with app.app_context(), unit_of_work() as unit:
                connect_carrier(unit, "swift", HOST, "another", BY_COMMAND, settings=settings)
            self.send_response(401)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Overtaken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connect(settings, f"http://127.0.0.1:{server.server_port}")
        post(admin, f"{cargo_id}/check")
        drain("files")
        server.shutdown()

    now = account()
    assert (now.base_url, now.checked_at, now.check_error) == (HOST, None, "")


def test_pages_when_the_role_is_another_then_they_are_refused(
    app: Flask, settings: Settings, cargo_id: int
) -> None:
    connect(settings)
    for role in (Role.AGENT, Role.SUPERVISOR, Role.FINANCE, Role.OPERATOR):
        client = at_desk(app, role)
        assert client.get(URL).status_code == 403
        assert post(client, f"{cargo_id}/switch-off")[0] == 403
    assert account().is_active is True


def test_pages_when_there_is_no_such_account_then_404(admin: StaffClient) -> None:
    for path in ("4711", "4711/edit", "99999999999999999999"):
        assert admin.get(URL + path).status_code == 404
    assert post(admin, "4711/check")[0] == 404
    assert "No carrier is connected yet" in page_of(admin)
