"""Members of staff for tests, signed in without the half second that a real password costs.

staff = make_staff(Role.AGENT)                    a row; anywhere inside an application context
sign_in(client, staff)                            the test client carries a live session of theirs
carry_token(client, staff)                        and an API token, which only /api/ looks at
client.post("/profile", data=…, headers=csrf(client))
"""

from collections.abc import Collection
from functools import cache
from itertools import count

from flask import Flask
from flask.testing import FlaskClient

from webapp.auth import sessions, tokens
from webapp.auth.models import StaffChannel, StaffUser
from webapp.auth.passwords import hash_password
from webapp.auth.roles import ROLE_PERMISSIONS, Role
from webapp.core.audit import SYSTEM
from webapp.core.db import unit_of_work

PASSWORD = "four plain words here"
_numbers = count(1)


@cache
def password_hash() -> str:
    """The hash of PASSWORD, made once."""
    return hash_password(PASSWORD)


def make_staff(
    role: Role = Role.ADMINISTRATOR,
    *,
    email: str | None = None,
    name: str = "Selin Koç",
    channel_ids: Collection[int] | None = None,
    language: str = "en",
    time_zone: str = "Europe/Istanbul",
    theme: str = "light",
    is_active: bool = True,
) -> StaffUser:
    """A stored member of staff with PASSWORD; `channel_ids` None sees all channels."""
    with unit_of_work() as session:
        staff = StaffUser(
            email=email or f"staff{next(_numbers)}@kontor.example",
            name=name,
            role=role,
            password_hash=password_hash(),
            limited_to_channels=channel_ids is not None,
            channels=[StaffChannel(channel_id=channel_id) for channel_id in channel_ids or ()],
            language=language,
            time_zone=time_zone,
            theme=theme,
            is_active=is_active,
        )
        session.add(staff)
        session.flush()
        session.refresh(staff)
        session.expunge(staff)
    return staff


def start_session(staff: StaffUser) -> str:
    """A live session's token."""
    with unit_of_work() as session:
        return sessions.start(
            session, session.get_one(StaffUser, staff.id), remote_addr="127.0.0.1", user_agent="test"
        )


def sign_in(client: FlaskClient, staff: StaffUser) -> None:
    """Let the client carry a new session of this person. Needs an application context, as `make_staff` does."""
    token = start_session(staff)
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["_user_id"] = token


def carry_token(client: FlaskClient, staff: StaffUser) -> None:
    """Let every request of the client carry an API token of this person too; pages do not look at it."""
    new = tokens.NewToken("Tests", ROLE_PERMISSIONS[Role(staff.role)], requests_per_minute=6_000)
    with unit_of_work() as session:
        secret, _ = tokens.create_token(session, SYSTEM, staff.id, new)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"


def csrf(client: FlaskClient) -> dict[str, str]:
    """The header with the token of the client's session."""
    return {"X-CSRFToken": client.get("/form-token").text}


def cookie_value(app: Flask, staff: StaffUser) -> str:
    """The session cookie of a signed-in browser."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    value: str = serializer.dumps({"_user_id": start_session(staff)})
    return value
