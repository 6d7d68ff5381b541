"""Keeping subscriptions: what is refused, what the log says, and who may know of which."""

import json

import pytest
from cryptography.fernet import Fernet
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.order_drafts import make_channel
from tests.webhooks.hearing import EVERYTHING, subscribe, subscription
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, DomainError, InvalidInput, NotFound
from webapp.core.reach import Reach
from webapp.core.secrets import Vault, current_vault
from webapp.events.names import EventName
from webapp.webhooks import subscriptions
from webapp.webhooks.secrets import live_secrets, rotate_webhook_secrets
from webapp.webhooks.subscriptions import WebhookService, Wish

BY_STAFF = AuditContext(origin=Origin.PAGE, staff_id=7, actor="Emre Demir")
URL = "https://erp.example.com/hooks/planted-path?key=planted-key"


def desk(session: Session, *, private: bool = False, scope: frozenset[int] | None = None) -> WebhookService:
    return WebhookService(session, BY_STAFF, current_vault(), Reach(allow_private=private), scope)


def entries() -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_subscribing_when_all_is_well_then_the_log_names_the_host_and_no_key(session: Session) -> None:
    with unit_of_work() as unit:
        made, secret = desk(unit).subscribe(Wish(URL, EVERYTHING, description="  The   ERP "))
        made_id = made.id

    kept, [entry] = subscription(made_id), entries()
    assert (kept.url, kept.description, kept.created_by_id) == (URL, "The ERP", 7)
    assert kept.events == [name.value for name in EventName]
    assert (entry.tag, entry.subject_id, entry.summary) == (
        "webhook.created",
        str(made_id),
        "erp.example.com",
    )
    assert "planted" not in json.dumps(entry.changes)
    assert secret not in json.dumps(entry.changes)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        pytest.param(Wish("ftp://erp.example.com/", EVERYTHING), "url", id="no http"),
        pytest.param(Wish("http://erp.example.com/", EVERYTHING), "url", id="plain http"),
        pytest.param(Wish("https://169.254.169.254/latest", EVERYTHING), "url", id="metadata service"),
        pytest.param(Wish("https://[::1]/hook", EVERYTHING), "url", id="this machine"),
        pytest.param(Wish("https://me:secret@erp.example.com/", EVERYTHING), "url", id="user in the address"),
        pytest.param(Wish("", EVERYTHING), "url", id="no address"),
        pytest.param(Wish("https://erp.example.com/" + "x" * 2000, EVERYTHING), "url", id="too long"),
        pytest.param(Wish(URL, ()), "events", id="no event"),
        pytest.param(Wish(URL, EVERYTHING, (99_999,)), "channels", id="no such channel"),
        pytest.param(Wish(URL, EVERYTHING, (), "x" * 121), "description", id="long description"),
    ],
)
def test_subscribing_when_something_is_wrong_then_its_field_says_so_and_nothing_is_written(
    session: Session, wish: Wish, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused, unit_of_work() as unit:
        desk(unit).subscribe(wish)

    assert list(refused.value.fields) == [field]
    assert entries() == []


def test_subscribing_when_there_are_many_already_then_it_is_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "MOST", 1)
    subscribe()

    with pytest.raises(Conflict):
        subscribe()


def test_change_when_the_form_is_stale_then_it_is_refused_and_a_fresh_one_is_kept(session: Session) -> None:
    made_id, _ = subscribe()
    wish = Wish("http://127.0.0.1:9/other", (EventName.ORDER_CREATED,))
    with unit_of_work() as unit:
        desk(unit, private=True).change(made_id, wish, version=1)

    with pytest.raises(Conflict), unit_of_work() as unit:
        desk(unit, private=True).change(made_id, wish, version=1)

    assert subscription(made_id).events == ["order.created"]
    assert [entry.tag for entry in entries()] == ["webhook.created", "webhook.changed"]


def test_change_when_nothing_differs_then_no_audit_row_is_left(session: Session) -> None:
    made_id, _ = subscribe()

    with unit_of_work() as unit:
        desk(unit, private=True).change(made_id, Wish("http://127.0.0.1:9/hook", EVERYTHING))

    assert [entry.tag for entry in entries()] == ["webhook.created"]
    assert subscription(made_id).version == 1


def test_pause_and_resume_when_done_twice_then_the_second_is_told(session: Session) -> None:
    made_id, _ = subscribe()
    for deed, tag in ((WebhookService.pause, "webhook.paused"), (WebhookService.resume, "webhook.resumed")):
        with unit_of_work() as unit:
            deed(desk(unit), made_id)
        with pytest.raises(Conflict), unit_of_work() as unit:
            deed(desk(unit), made_id)
        assert entries()[-1].tag == tag


def test_rotating_when_done_twice_then_the_oldest_secret_is_dead_at_once(session: Session) -> None:
    made_id, first = subscribe()
    with unit_of_work() as unit:
        _, second = desk(unit).rotate(made_id)
    with unit_of_work() as unit:
        _, third = desk(unit).rotate(made_id)

    kept = subscription(made_id)
    assert kept.former_until is not None
    assert live_secrets(current_vault(), kept, kept.created_at) == [third, second]
    assert first not in (second, third)


def test_channels_when_somebody_is_limited_then_only_subscriptions_to_those_are_theirs(
    session: Session,
) -> None:
    mine, other = make_channel(session, name="Mine").id, make_channel(session, name="Other").id
    of_all, of_other, of_mine = (subscribe(channels=ids)[0] for ids in ((), (mine, other), (mine,)))
    scope = frozenset({mine})

    for hidden in (of_all, of_other):
        with pytest.raises(NotFound), unit_of_work() as unit:
            desk(unit, scope=scope).delete(hidden)
    for channels in ((), (other,)):
        with pytest.raises(InvalidInput), unit_of_work() as unit:
            desk(unit, scope=scope).subscribe(Wish(URL, EVERYTHING, channels))
    with unit_of_work() as unit:
        desk(unit, scope=scope).pause(of_mine)

    assert [subscription(each).is_paused for each in (of_all, of_other, of_mine)] == [False, False, True]


def test_deed_when_the_subscription_is_gone_then_not_found(session: Session) -> None:
    for deed in (WebhookService.pause, WebhookService.resume, WebhookService.delete, WebhookService.rotate):
        with pytest.raises(DomainError) as refused, unit_of_work() as unit:
            deed(desk(unit), 99_999)
        assert refused.value.http_status == 404


def test_secrets_when_the_key_is_rotated_then_they_open_with_the_new_one_alone(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_id, secret = subscribe()
    new = Fernet.generate_key().decode()
    settings = current_app.extensions["kontor_settings"]
    both = Vault([new, *settings.credential_keys])
    monkeypatch.setattr("webapp.webhooks.secrets.current_vault", lambda: both)

    with unit_of_work() as unit:
        assert rotate_webhook_secrets(unit) == (1, 0)

    kept = subscription(made_id)
    assert live_secrets(Vault([new]), kept, kept.created_at) == [secret]
