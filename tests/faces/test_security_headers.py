"""What every answer carries (S24, S26), whose Host and address count (S37), and that the token is asked for (S6)."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, g
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter, Rule

from tests.client import Client
from tests.staff import csrf, make_staff, sign_in
from webapp.app import create_app
from webapp.auth.permissions import Access, demand_of, undeclared_endpoints
from webapp.core.settings import Settings
from webapp.ui.security import CSRF_EXEMPT, csp_nonce

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
SAMPLES = {
    "int": "1",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "path": "vendor/htmx.min.js",
    "default": "x",
}


def sample_url(rule: Rule) -> str:
    """The rule's address with a value of the right kind for each of its arguments."""
    kinds = {
        name: "int" if isinstance(each, IntegerConverter) else type(each).__name__.removesuffix("Converter")
        for name, each in rule._converters.items()
    }
    values = {name: SAMPLES.get(kind.lower(), SAMPLES["default"]) for name, kind in kinds.items()}
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda found: values[found[1]], rule.rule)


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        yield rule, sample_url(rule)


def test_every_route_when_walked_then_declares_what_it_demands(app: Flask) -> None:
    assert undeclared_endpoints(app) == []


def test_public_routes_when_walked_then_they_are_these(app: Flask) -> None:
    public = {endpoint for endpoint in app.view_functions if demand_of(app, endpoint) is Access.PUBLIC}

    assert {endpoint for endpoint in public if not endpoint.startswith("health.")} <= {
        "api.specification",
        "assets.file",
        "auth.do_sign_in",
        "auth.sign_in",
        "channel_webhooks.receive",
        "gateway_webhooks.receive",
        "second_step.ask_code",
        "second_step.enter_code",
    }


def test_a_route_when_it_forgot_to_declare_then_nobody_gets_in(settings: Settings, session: Session) -> None:
    app = create_app(settings)
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    client = app.test_client()
    sign_in(client, make_staff())

    assert undeclared_endpoints(app) == ["forgotten"]
    assert client.get("/forgotten").status_code == 403


def test_every_unsafe_route_when_the_token_is_missing_then_400(
    app: Flask, client: Client, session: Session
) -> None:
    sign_in(client, make_staff())
    refused, exempt, statuses_of_the_api = set(), set(), set()
    for rule, url in routes(app):
        for method in (rule.methods or set()) & UNSAFE:
            response = client.open(url, method=method)
            (refused if response.status_code == 400 else exempt).add(rule.endpoint)
            if url.startswith("/api/"):
                statuses_of_the_api.add(response.status_code)

    # The API does not look at cookies: to it nobody is signed in.
    assert {name for name in exempt if not name.startswith("api_")} == CSRF_EXEMPT & set(app.view_functions)
    assert statuses_of_the_api == {401}
    assert {"auth.do_sign_in", "auth.sign_out", "auth.change_password"} <= refused


def test_every_other_route_when_nobody_is_signed_in_then_sends_to_sign_in_or_401(
    app: Flask, client: Client, session: Session
) -> None:
    for rule, url in routes(app):
        if "GET" not in (rule.methods or set()) or demand_of(app, rule.endpoint) is Access.PUBLIC:
            continue
        page, fragment = client.get(url), client.get(url, headers={"HX-Request": "true"})
        expected = 401 if url.startswith("/api/") else 303
        assert page.status_code == expected, url
        assert expected == 401 or str(page.location).startswith("/sign-in"), url
        assert fragment.status_code == 401, url


@pytest.mark.parametrize("over_https", [False, True])
def test_every_route_when_answered_then_carries_the_headers(
    settings: Settings, session: Session, over_https: bool
) -> None:
    app = create_app(replace(settings, https=over_https))
    client = app.test_client()
    base = "https://localhost" if over_https else "http://localhost"
    urls = [url for rule, url in routes(app) if "GET" in (rule.methods or set())] + ["/no/such/page"]

    for url in urls:
        response = client.get(url, base_url=base)
        headers = response.headers
        assert headers["Content-Security-Policy"] == POLICY, url
        assert headers["X-Content-Type-Options"] == "nosniff", url
        assert headers["Referrer-Policy"] == "same-origin", url
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", url
        assert headers.get("Strict-Transport-Security") == (
            "max-age=31536000; includeSubDomains" if over_https else None
        ), url
        assert url.startswith("/assets/") or headers["Cache-Control"] == "no-store", url


def test_a_page_when_it_asks_for_a_nonce_then_only_its_policy_has_it(app: Flask) -> None:
    from webapp.ui.security import _policy

    with app.test_request_context("/"):
        assert _policy() == POLICY
        nonce = csp_nonce()
        assert nonce == g.csp_nonce == csp_nonce()
        assert f"script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src" in _policy()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8400", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("localhost@evil.example", 400),
    ],
)
def test_a_host_when_not_ours_then_400(client: Client, host: str, status: int) -> None:
    assert client.get("/sign-in", headers={"Host": host}).status_code == status


def test_a_host_when_configured_then_answered(settings: Settings, empty_database: None) -> None:
    client = create_app(replace(settings, trusted_hosts=("desk.example",))).test_client()

    assert client.get("/sign-in", headers={"Host": "desk.example"}).status_code == 200
    assert client.get("/sign-in", headers={"Host": "other.example"}).status_code == 400


@pytest.mark.parametrize(("hops", "statuses"), [(0, [422] * 20 + [429]), (1, [422] * 21)])
def test_a_forwarded_address_when_no_proxy_is_configured_then_it_dodges_no_limit(
    settings: Settings, session: Session, hops: int, statuses: list[int]
) -> None:
    client = create_app(replace(settings, proxy_hops=hops)).test_client()
    token = client.get("/sign-in").text.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]

    found = [
        client.post(
            "/sign-in",
            data={"csrf_token": token, "email": f"p{n}@shop.example", "password": "no password"},
            headers={"X-Forwarded-For": f"198.51.100.{n}"},
        ).status_code
        for n in range(21)
    ]

    assert found == statuses


def test_the_application_when_made_then_neither_debugs_nor_leaks(app: Flask) -> None:
    assert app.debug is False
    assert app.config["MAX_CONTENT_LENGTH"] == 11 * 1024 * 1024
    assert app.config["TRUSTED_HOSTS"]


def test_a_request_when_larger_than_allowed_then_413(client: Client, session: Session) -> None:
    sign_in(client, make_staff())

    response = client.post(
        "/profile",
        data=b"x" * (11 * 1024 * 1024 + 1),
        headers=csrf(client),
        content_type="application/octet-stream",
    )

    assert response.status_code == 413
