"""Failures in the three faces: page, fragment, JSON. Never a stack trace, never what a bug said (S28)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask_babel import gettext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.servers import Services, free_port
from tests.staff import carry_token, csrf, make_staff, sign_in
from webapp.app import create_app
from webapp.auth.models import StaffUser
from webapp.auth.permissions import Permission, public, requires, signed_in
from webapp.auth.roles import Role
from webapp.core.audit import AuditEntry
from webapp.core.db import db
from webapp.core.errors import Conflict, DomainError, InvalidInput, NotFound
from webapp.core.sentences import mid_sentence, one_after_another, said
from webapp.core.settings import Settings
from webapp.orders.enums import OrderStatus
from webapp.ui import i18n

HTMX = {"HX-Request": "true"}
SECRET = "secret of a bug <script>alert(1)</script>"
REFUSALS: dict[str, Exception] = {
    "conflict": Conflict("Ece <b>Kaya</b> was faster.", details={"winner": "Ece Kaya"}),
    "rule": Conflict(mid_sentence(OrderStatus.CANCELLED.label)),
    "missing": NotFound("There is no order 15."),
    "invalid": InvalidInput("Look at the amount.", fields={"amount": ["Write a figure."]}),
    "teapot": DomainError("Short and stout.", code="teapot", http_status=418),
    "bug": RuntimeError(SECRET),
    "database": OperationalError("SELECT", {}, Exception("connection refused by 10.0.0.1")),
}


def _add_routes(app: Flask) -> None:
    @signed_in
    def fail(kind: str) -> str:
        raise REFUSALS[kind]

    @signed_in
    def broken_sql() -> str:
        db.session.execute(text("SELECT no_such_column"))
        return "never"

    @requires(Permission.STAFF_MANAGE)
    def staff_only() -> str:
        return "staff"

    @public
    def only_post() -> str:
        return request.method

    app.add_url_rule("/fail/<kind>", "fail", fail)
    app.add_url_rule("/api/v1/fail/<kind>", "api_fail", fail)
    app.add_url_rule("/broken-sql", "broken_sql", broken_sql)
    app.add_url_rule("/staff-only", "staff_only", staff_only)
    app.add_url_rule("/api/v1/staff-only", "api_staff_only", staff_only)
    app.add_url_rule("/only-post", "only_post", only_post, methods=["POST"])


@pytest.fixture(scope="module")
def failing(settings: Settings) -> Flask:
    app = create_app(replace(settings, port=free_port()))
    _add_routes(app)
    return app


@pytest.fixture
def desk(failing: Flask, session: Session) -> Iterator[FlaskClient]:
    client = failing.test_client()
    agent = make_staff(Role.AGENT)
    sign_in(client, agent)
    carry_token(client, agent)
    yield client


EXPECTED = [
    ("conflict", 409, "Somebody was faster", "Ece &lt;b&gt;Kaya&lt;/b&gt; was faster."),
    ("missing", 404, "There is nothing here", "There is no order 15."),
    ("invalid", 422, "Something in the form needs another look", "Look at the amount."),
    ("teapot", 418, "This request cannot be read", "Short and stout."),
    ("bug", 500, "Something is broken on our side", "Tell your operator the request&#39;s number."),
    ("database", 503, "The desk is catching its breath", "Try again in a few seconds."),
]


@pytest.mark.parametrize(("kind", "status", "heading", "sentence"), EXPECTED)
def test_a_page_when_it_fails_then_says_it_in_words(
    desk: FlaskClient, kind: str, status: int, heading: str, sentence: str
) -> None:
    response = desk.get(f"/fail/{kind}")

    assert response.status_code == status
    assert f"<h1>{heading}</h1>" in response.text
    assert sentence in response.text
    assert response.headers["X-Request-Id"] in response.text
    _assert_nothing_leaks(response.text)


@pytest.mark.parametrize(("kind", "status", "heading", "sentence"), EXPECTED)
def test_a_fragment_when_it_fails_then_a_notice_goes_to_its_place(
    desk: FlaskClient, kind: str, status: int, heading: str, sentence: str
) -> None:
    response = desk.get(f"/fail/{kind}", headers=HTMX)

    assert response.status_code == status
    assert response.headers["HX-Retarget"] == "#notices"
    assert response.headers["HX-Reswap"] == "innerHTML"
    assert response.text.startswith('<div class="k-note')
    assert heading in response.text
    assert sentence in response.text
    _assert_nothing_leaks(response.text)


@pytest.mark.parametrize(
    ("kind", "status", "code", "facts"),
    [
        ("conflict", 409, "conflict", {"detail": "Ece <b>Kaya</b> was faster.", "winner": "Ece Kaya"}),
        ("missing", 404, "not_found", {"detail": "There is no order 15."}),
        ("invalid", 422, "invalid_input", {"fields": {"amount": ["Write a figure."]}}),
        ("teapot", 418, "teapot", {"detail": "Short and stout."}),
        ("bug", 500, "internal_server_error", {"title": "Internal Server Error"}),
        ("database", 503, "database_unavailable", {"title": "Service Unavailable"}),
    ],
)
def test_the_api_when_it_fails_then_problem_details(
    desk: FlaskClient, kind: str, status: int, code: str, facts: dict[str, object]
) -> None:
    response = desk.get(f"/api/v1/fail/{kind}")

    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    body = response.get_json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == response.headers["X-Request-Id"]
    assert {name: body[name] for name in facts} == facts
    _assert_nothing_leaks(response.text)


def test_a_statement_when_it_is_wrong_then_a_bug_and_not_an_absent_database(desk: FlaskClient) -> None:
    response = desk.get("/broken-sql")

    assert response.status_code == 500
    _assert_nothing_leaks(response.text)


def test_a_missing_page_when_signed_in_then_inside_the_shell_else_without_it(
    desk: FlaskClient, failing: Flask
) -> None:
    assert 'class="k-shell"' in desk.get("/no/such/page").text
    stranger = failing.test_client().get("/no/such/page")
    assert stranger.status_code == 404
    assert 'class="k-shell"' not in stranger.text
    assert desk.get("/api/v1/no/such/thing").get_json()["code"] == "not_found"


def test_a_method_when_not_allowed_then_405_names_the_others(desk: FlaskClient) -> None:
    response = desk.get("/only-post")

    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("path", "headers"), [("/staff-only", {}), ("/staff-only", HTMX), ("/api/v1/staff-only", {})]
)
def test_a_page_when_the_role_does_not_allow_it_then_403_and_an_audit_row(
    desk: FlaskClient, session: Session, path: str, headers: dict[str, str]
) -> None:
    response = desk.get(path, headers=headers)

    assert response.status_code == 403
    entry = session.query(AuditEntry).filter_by(refused=True).one()
    staff_id = session.query(StaffUser.id).scalar()
    assert (entry.tag, entry.staff_id, entry.summary, entry.refused) == (
        "auth.denied",
        staff_id,
        "staff.manage",
        True,
    )
    assert entry.remote_addr == "127.0.0.1"


def test_a_form_when_its_token_is_of_another_session_then_400_says_what_to_do(
    desk: FlaskClient, failing: Flask, session: Session
) -> None:
    other = failing.test_client()
    sign_in(other, make_staff())

    response = desk.post("/profile", data={"name": "x"}, headers=csrf(other))

    assert response.status_code == 400
    assert "Reload it and send the form again." in response.text


def test_an_open_page_when_its_session_has_ended_then_reading_goes_to_sign_in_and_a_form_stays(
    failing: Flask, session: Session
) -> None:
    stranger = failing.test_client()
    page = {**HTMX, "HX-Current-URL": "http://localhost/profile?a=b"}
    reading = stranger.get("/profile", headers=page)
    assert reading.status_code == 401
    assert reading.headers["HX-Redirect"] == "/sign-in?next=/profile?a%3Db"

    token = stranger.get("/sign-in").text.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    typed = stranger.post("/profile", data={"name": "typed"}, headers={**page, "X-CSRFToken": token})
    assert typed.status_code == 401
    assert "HX-Redirect" not in typed.headers
    assert "Sign in again in another tab" in typed.text


def test_the_desk_when_the_database_is_away_then_503_in_every_face_and_back_afterwards(
    settings: Settings, services: Services, session: Session
) -> None:
    """A real server is killed under the application; the shell cannot be drawn, the answer still can."""
    app = create_app(settings)
    client = app.test_client()
    sign_in(client, make_staff())
    session.close()
    services.kill("postgres")
    try:
        page, fragment = client.get("/profile"), client.get("/profile", headers=HTMX)
        api = client.get("/api/v1/anything")
        missing = client.get("/no/such/page")
    finally:
        services.start_postgres()

    assert (page.status_code, fragment.status_code) == (503, 503)
    assert "The desk is catching its breath" in page.text
    assert page.headers["Retry-After"] == "5"
    assert api.status_code == 404
    assert missing.status_code == 404
    assert client.get("/profile").status_code == 200


def _assert_nothing_leaks(body: str) -> None:
    for word in (
        "Traceback",
        "secret of a bug",
        "connection refused",
        "no_such_column",
        'File "',
        "<script>alert",
    ):
        assert word not in body


def test_refusal_of_a_rule_when_read_in_turkish_then_its_parts_are_said_in_turkish(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "tr"}):
        label = mid_sentence(OrderStatus.SHIPPED.label)

        translated = gettext(OrderStatus.SHIPPED.label)
        assert translated != OrderStatus.SHIPPED.label
        # By whichever of the two `gettext` a page asks, and however deep the part stands.
        for say in (gettext, i18n.gettext):
            assert say(one_after_another([said("«%(status)s»", status=label)])) == f"«{translated}»"


def test_refusal_of_a_rule_when_a_turkish_owner_asks_then_the_page_is_turkish_and_the_api_english(
    failing: Flask, session: Session
) -> None:
    client, staff = failing.test_client(), make_staff(language="tr")
    sign_in(client, staff)
    carry_token(client, staff)

    page, problem = client.get("/fail/rule").text, client.get("/api/v1/fail/rule").json

    assert problem is not None
    assert problem["detail"] == "cancelled"
    assert "İptal edildi" in page
