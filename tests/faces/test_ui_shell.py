"""The shell: assets and their cache, htmx answers, the sidebar for each role, language and direction, the profile."""

import gzip
import json
import re

import pytest
from flask import Flask, make_response
from sqlalchemy import select
from sqlalchemy.orm import Session

from scripts.check_vendor import differences
from tests.client import Client
from tests.staff import csrf, make_staff, sign_in
from webapp.auth.models import StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import AuditEntry
from webapp.ui.assets import STATIC, Assets
from webapp.ui.htmx import close_dialog, redirect, render, retarget, toast, trigger
from webapp.ui.navigation import SECTIONS, navigation

FIRST_VISIT_LIMIT = 200_000  # bytes over the wire
ASSET = re.compile(r'(?:href|src)="(/assets/[^"#]+)')


def linked_assets(client: Client, url: str) -> set[str]:
    page = client.get(url).text
    found = set(ASSET.findall(page))
    css = next(path for path in found if path.endswith("app.css"))
    styles = client.get(css).text
    return found | set(re.findall(r'url\("([^"]+)"\)', styles))


def test_assets_when_a_browser_comes_for_the_first_time_then_below_200_kb(
    client: Client, session: Session
) -> None:
    sign_in(client, make_staff())

    sent = {
        url: client.get(url, headers={"Accept-Encoding": "gzip, br"})
        for url in linked_assets(client, "/profile")
    }

    assert {response.status_code for response in sent.values()} == {200}
    assert {url.rpartition("/")[2] for url in sent} == {
        "app.css",
        "app.js",
        "htmx.min.js",
        "icons.svg",
        "mark.svg",
        "inter-latin.woff2",
        "inter-latin-ext.woff2",
    }
    assert sum(len(response.data) for response in sent.values()) < FIRST_VISIT_LIMIT


def test_assets_when_served_then_kept_for_a_year_under_their_hash_alone(client: Client) -> None:
    url = client.application.jinja_env.globals["asset"]("app.css")  # type: ignore[operator]
    fresh = client.get(url, headers={"Accept-Encoding": "gzip"})
    stale = client.get("/assets/000000000000/app.css")

    assert fresh.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (fresh.headers["Content-Encoding"], fresh.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert stale.headers["Cache-Control"] == "no-store"
    assert gzip.decompress(fresh.data) == stale.data
    assert "Set-Cookie" not in fresh.headers


@pytest.mark.parametrize(
    "path", ["/assets/0/nothing.js", "/assets/0/../../app.py", "/assets/0/css/tokens.css"]
)
def test_assets_when_not_served_then_404(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_assets_when_a_name_does_not_exist_then_an_error_and_not_a_dead_link() -> None:
    with pytest.raises(KeyError):
        Assets(prefix="/assets").url("no-such-file.css")


def test_vendored_files_when_compared_with_their_manifest_then_equal() -> None:
    assert differences() == []


def test_stylesheets_and_scripts_when_read_then_every_file_is_served() -> None:
    from webapp.ui.assets import BUNDLES

    listed = {part for parts in BUNDLES.values() for part in parts}
    found = {
        path.relative_to(STATIC).as_posix()
        for folder in ("css", "js")
        for path in (STATIC / folder).iterdir()
    }
    assert listed == found


def test_templates_when_read_then_nothing_is_inline() -> None:
    for path in (STATIC.parent / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=", text), path
        assert not re.search(r"\son[a-z]+=", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path
        assert "<style" not in text, path
        assert "|safe" not in text, path
        assert "hx-on" not in text, path


def test_htmx_when_it_asks_then_the_fragment_else_the_page(app: Flask) -> None:
    def answered(**headers: str) -> tuple[bool, str]:
        with app.test_request_context(
            "/profile", headers={k.replace("_", "-"): v for k, v in headers.items()}
        ):
            response = render("ui/bare.html", "ui/_flashes.html")
            return "<html" in response.get_data(as_text=True), response.headers["Vary"]

    assert answered() == (True, "HX-Request")
    assert answered(HX_Request="true") == (False, "HX-Request")
    assert answered(HX_Request="true", HX_History_Restore_Request="true") == (True, "HX-Request")
    assert answered(HX_Request="true", HX_Boosted="true") == (True, "HX-Request")
    assert answered(HX_Request="true", HX_Boosted="true", HX_Target="parts") == (False, "HX-Request")


def test_htmx_when_told_several_things_then_the_dialog_closes_last(app: Flask) -> None:
    with app.test_request_context("/", headers={"HX-Request": "true"}):
        response = close_dialog(make_response(""))
        toast(response, "Opened “15” for ليلى\nX-Evil: 1", "warn")
        trigger(response, "orders:changed", **{"plan:changed": {"id": 5}})

    header = response.headers["HX-Trigger"]
    assert header.isascii()
    assert "\n" not in header
    assert list(json.loads(header).items()) == [
        ("kontor:toast", {"text": "Opened “15” for ليلى\nX-Evil: 1", "kind": "warn"}),
        ("orders:changed", None),
        ("plan:changed", {"id": 5}),
        ("kontor:close-dialog", None),
    ]


def test_htmx_when_redirected_or_retargeted_then_by_its_headers(app: Flask) -> None:
    with app.test_request_context("/", headers={"HX-Request": "true"}):
        away, elsewhere = redirect("/profile"), retarget(make_response("x"))
    with app.test_request_context("/"):
        plain = redirect("/profile")

    assert (away.status_code, away.headers["HX-Redirect"]) == (204, "/profile")
    assert (elsewhere.headers["HX-Retarget"], elsewhere.headers["HX-Reswap"]) == ("#notices", "innerHTML")
    assert (plain.status_code, plain.location, "HX-Redirect" in plain.headers) == (303, "/profile", False)


@pytest.mark.parametrize("role", list(Role))
def test_the_sidebar_when_drawn_then_shows_what_the_role_may_open(
    app: Flask, client: Client, session: Session, role: Role
) -> None:
    sign_in(client, make_staff(role))
    page = client.get("/profile").text
    entries = [
        entry for section in SECTIONS for entry in section.entries if entry.endpoint in app.view_functions
    ]

    shown = {entry.label for entry in entries if f"<span>{entry.label}</span>" in page}

    assert shown == {entry.label for entry in entries if entry.permission in ROLE_PERMISSIONS[role]}


def test_the_sidebar_when_nobody_is_signed_in_then_empty(app: Flask) -> None:
    with app.test_request_context("/sign-in"):
        assert navigation() == []


def test_roles_when_compared_then_money_and_staff_are_apart() -> None:
    assert ROLE_PERMISSIONS[Role.ADMINISTRATOR] == frozenset(Permission)
    assert not ROLE_PERMISSIONS[Role.FINANCE] & {Permission.CANCEL_OPEN, Permission.CANCEL_APPROVE}
    assert not ROLE_PERMISSIONS[Role.OPERATOR] & {Permission.CANCEL_APPROVE, Permission.REFUND_MANUAL}
    assert not ROLE_PERMISSIONS[Role.AGENT] & {Permission.CANCEL_APPROVE, Permission.CANCEL_FORCE_AMOUNT}
    assert [role for role in Role if Permission.STAFF_MANAGE in ROLE_PERMISSIONS[role]] == [
        Role.ADMINISTRATOR
    ]


@pytest.mark.parametrize(
    ("language", "direction", "word"),
    [("en", "ltr", "Profile"), ("tr", "ltr", "Profil"), ("ar", "rtl", "الملف الشخصي")],
)
def test_a_page_when_read_in_a_language_then_in_it_and_its_direction(
    client: Client, session: Session, language: str, direction: str, word: str
) -> None:
    sign_in(client, make_staff(language=language, theme="dark"))

    page = client.get("/profile").text

    assert f'<html lang="{language}" dir="{direction}" data-theme="dark">' in page
    assert f"<h1>{word}</h1>" in page


def test_the_sign_in_page_when_the_browser_prefers_a_language_then_in_it(client: Client) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": "fr;q=0.9, tr;q=0.8, en;q=0.1"}).text

    assert '<html lang="tr" dir="ltr">' in page


def test_the_profile_when_saved_then_changed_and_audited(client: Client, session: Session) -> None:
    staff = make_staff()
    sign_in(client, staff)
    form = {
        "name": " Selin  K. ",
        "language": "tr",
        "time_zone": "Asia/Riyadh",
        "role": "administrator",
        "email": "x@y.example",
    }

    response = client.post("/profile", data=form, headers=csrf(client))

    assert (response.status_code, response.location) == (303, "/profile")
    assert "Profiliniz kaydedildi." in client.get("/profile").text
    row = session.scalars(select(StaffUser)).one()
    assert (row.name, row.language, row.time_zone, row.email) == (
        "Selin K.",
        "tr",
        "Asia/Riyadh",
        staff.email,
    )
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.tag, entry.staff_id) == ("staff.profile_changed", staff.id)
    assert entry.changes == {
        "name": ["Selin Koç", "Selin K."],
        "language": ["en", "tr"],
        "time_zone": ["Europe/Istanbul", "Asia/Riyadh"],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 121), ("language", "fr"), ("time_zone", "Mars/Olympus")],
)
def test_the_profile_when_wrong_then_the_form_comes_back_and_nothing_changes(
    client: Client, session: Session, field: str, value: str
) -> None:
    sign_in(client, make_staff())
    form = {"name": "Selin", "language": "en", "time_zone": "UTC", field: value}

    response = client.post("/profile", data=form, headers=csrf(client))

    assert response.status_code == 422
    assert f'id="{field}-error"' in response.text
    assert session.scalars(select(StaffUser.name)).one() == "Selin Koç"


def test_the_theme_when_switched_then_remembered(client: Client, session: Session) -> None:
    sign_in(client, make_staff())
    token = csrf(client)

    by_htmx = client.post("/profile/theme", data={"theme": "dark"}, headers={**token, "HX-Request": "true"})
    assert by_htmx.status_code == 204
    assert session.scalars(select(StaffUser.theme)).one() == "dark"

    plain = client.post("/profile/theme", data={"theme": "light", "next": "/profile"}, headers=token)
    assert (plain.status_code, plain.location) == (303, "/profile")
    assert client.post("/profile/theme", data={"theme": "pink"}, headers=token).status_code == 422
