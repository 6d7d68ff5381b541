"""Somebody at the desk, for tests of the pages behind it: a signed-in client that knows its token and its person."""

from collections.abc import Collection

from flask import Flask

from tests.client import Client
from tests.staff import make_staff, sign_in
from webapp.auth.roles import Role

NAMES = {
    Role.AGENT: "Ece Kaya",
    Role.SUPERVISOR: "Selin Koç",
    Role.FINANCE: "Deniz Aydın",
    Role.OPERATOR: "Emre Demir",
    Role.ADMINISTRATOR: "Ada Yılmaz",
}


class StaffClient(Client):
    """A browser in which somebody is signed in; `token` goes into every form."""

    staff_id: int
    token: str


def at_desk(
    app: Flask, role: Role = Role.ADMINISTRATOR, *, channels: Collection[int] | None = None
) -> StaffClient:
    """A signed-in member of staff; commit what the test has set up before."""
    staff = make_staff(role, name=NAMES[role], channel_ids=channels)
    client = app.test_client()
    client.__class__ = StaffClient
    assert isinstance(client, StaffClient)
    sign_in(client, staff)
    client.staff_id, client.token = staff.id, client.get("/form-token").text
    return client
