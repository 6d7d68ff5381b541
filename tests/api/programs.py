"""Programs that call the API in tests: a token, and a client that sends it."""

from collections.abc import Collection
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.api.promised import check_promise
from tests.client import Client
from tests.staff import make_staff
from webapp.auth import tokens
from webapp.auth.models import StaffUser
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.audit import SYSTEM
from webapp.core.db import unit_of_work

V1 = "/api/v1"


class Program:
    """A program with a token. Paths are below /api/v1. Every answer must be one that the specification promises."""

    def __init__(self, app: Flask, token: str) -> None:
        self._app = app
        client = app.test_client()
        assert isinstance(client, Client)
        self._client = client
        self.token = token

    def open(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **words: Any
    ) -> TestResponse:
        """Send one request; `json=` and `data=` as Flask's client takes them."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        url = path if path.startswith(("/api", "http")) else f"{V1}{path}"
        answer = self._client.open(url, method=method, headers=sent, **words)
        check_promise(self._app, answer)
        return answer

    def get(self, path: str, **words: Any) -> TestResponse:
        """Read."""
        return self.open("GET", path, **words)

    def post(self, path: str, body: Any = None, **words: Any) -> TestResponse:
        """Send a deed as JSON."""
        return self.open("POST", path, json={} if body is None else body, **words)

    def patch(self, path: str, body: Any, **words: Any) -> TestResponse:
        """Change fields."""
        return self.open("PATCH", path, json=body, **words)


def make_token(
    staff: StaffUser,
    *,
    permissions: Collection[Permission] | None = None,
    channel_ids: Collection[int] | None = None,
    requests_per_minute: int = 6_000,
    days: int | None = None,
) -> str:
    """A token of this person; with all that the person may unless told."""
    wanted = ROLE_PERMISSIONS[Role(staff.role)] if permissions is None else frozenset(permissions)
    channels = None if channel_ids is None else frozenset(channel_ids)
    new = tokens.NewToken("Warehouse", wanted, channels, requests_per_minute, days)
    with unit_of_work() as session:
        secret, _ = tokens.create_token(session, SYSTEM, staff.id, new)
    return secret


def program(app: Flask, role: Role = Role.ADMINISTRATOR, **words: Any) -> Program:
    """A program of a new member of staff."""
    staff_words = {name: words.pop(name) for name in ("name",) if name in words}
    return Program(app, make_token(make_staff(role, **staff_words), **words))
