"""Members of staff for tests, and browsers in which they are already signed in.

    client = sign_in(app, make_staff(session, Role.OPERATOR))
    client.post("/channels/1/pull", data={"csrf_token": client.csrf_token})

The session row is written as the sign-in page writes it; only typing and hashing the password are left out (argon2id
takes 0.2 s on purpose).
"""

from collections.abc import Collection
from typing import Any

from flask import Flask
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from tests.client import Client
from webapp.auth import sessions
from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.roles import Role

_NAMES = {
    Role.AGENT: "Ece Kaya",
    Role.SUPERVISOR: "Selin Koç",
    Role.FINANCE: "Deniz Aydın",
    Role.OPERATOR: "Emre Demir",
    Role.ADMINISTRATOR: "Ada Yılmaz",
}


class StaffClient(Client):
    """A browser in which somebody is signed in."""

    csrf_token: str = ""
    staff_id: int = 0


def make_staff(
    session: Session,
    role: Role = Role.ADMINISTRATOR,
    *,
    channels: Collection[int] | None = None,
    name: str | None = None,
    email: str | None = None,
    **values: Any,
) -> StaffUser:
    """A member of staff, committed; `channels` limits them. Nobody can sign in with the password hash."""
    staff = StaffUser(
        email=email or f"{role}@desk.example",
        name=name or _NAMES[role],
        role=role,
        password_hash="!",
        limited_to_channels=channels is not None,
        channels=[StaffChannel(channel_id=channel_id) for channel_id in channels or ()],
        **values,
    )
    session.add(staff)
    session.commit()
    return staff


def sign_in(app: Flask, session: Session, staff: StaffUser) -> StaffClient:
    """A client with a live session of this person."""
    token = sessions.start(session, staff, remote_addr="127.0.0.1", user_agent="tests")
    session.commit()
    client = app.test_client()
    client.__class__ = StaffClient
    assert isinstance(client, StaffClient)
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
        cookie["_fresh"] = True
        cookie["csrf_token"] = "a" * 40
    with app.test_request_context():
        from flask import session as request_cookie

        request_cookie["csrf_token"] = "a" * 40
        client.csrf_token = generate_csrf()
    client.staff_id = staff.id
    return client
