"""Every deed by its page and by the API: the same rows, the same status and sentence, the same code in the log.

Each deed is done to two equal things, one by each face; then everything that belongs to them is compared. Which deeds
there must be is computed from the API's own routes.
"""

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.api.deeds.around import AROUND, two_channels
from tests.api.deeds.cancelling import CANCELLING, approved, on_plan, opened_by_oneself_above_the_limit
from tests.api.deeds.desk import DESK
from tests.api.deeds.moving import MOVING
from tests.api.deeds.pages import BY_API, ONLY_PAGE, ONLY_PAGE_FACES
from tests.api.deeds.refunding import REFUNDING
from tests.api.deeds.stage import API, ORDERS, PAGE, Deed, Stage, two_orders
from tests.api.deeds.vendors import VENDORS
from webapp.core.audit import AuditEntry
from webapp.core.db import db
from webapp.core.operations import Operation

DEEDS = [*CANCELLING, *MOVING, *REFUNDING, *DESK, *AROUND, *VENDORS]
SAFE = {"GET", "HEAD", "OPTIONS"}
# endpoint → why no page does it. Whatever else changes something has a deed above.
ONLY_API = {
    "api_orders.create_order": "orders come from channels; only programs make their own",
    "api_orders.remove_order": "an order of a program that made a mistake; staff cancel instead",
    "api_orders.edit_order": "fields of a program's own; staff edit addresses, items and notes where they stand",
    "api_orders.replace_order": "the same, as a whole",
    "api_order_moving.update_order_status": "the order follows its items by itself; a program may have it repeated",
}


@pytest.fixture
def stage(app: Flask, session: Session) -> Stage:
    return Stage.open(app, session)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_a_deed_when_done_by_either_face_then_the_same_rows_and_the_same_refusal(
    app: Flask, session: Session, deed: Deed
) -> None:
    stage = Stage.open(app, session, deed.role)
    what = deed.about or ORDERS
    page_key, api_key = what.make(stage, deed.fields or {})
    for key in (page_key, api_key):
        deed.before(stage, key)
    untouched = what.rows(page_key)

    page, api = deed.page(stage, page_key), deed.api(stage, api_key)
    deed.after()

    assert _endpoint(app, api) == deed.endpoint
    assert deed.endpoint in BY_API[_endpoint(app, page)]
    by_page, by_api = what.rows(page_key), what.rows(api_key)
    if deed.refused is None:
        assert page.status_code < 400, page.text
        assert api.status_code < 400, api.text
        assert by_page != untouched
    else:
        assert (page.status_code, api.status_code) == (deed.refused, deed.refused), (page.text, api.text)
        assert _same_sentence(api.json, unescape(page.text)), (api.json, page.text)
        assert by_page == untouched
    for table, rows in by_page.items():
        assert rows == by_api[table], table
    assert by_page.keys() == by_api.keys()


def test_routes_that_change_something_when_walked_then_each_has_a_deed_or_a_reason(app: Flask) -> None:
    changing = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and (rule.methods or set()) - SAFE
    }
    done = {deed.endpoint for deed in DEEDS}

    assert sorted(changing - done - ONLY_API.keys()) == []
    assert sorted((done | ONLY_API.keys()) - changing) == []
    assert sorted(done & ONLY_API.keys()) == []


def test_pages_that_change_something_when_walked_then_each_has_its_like_in_the_api_or_a_reason(
    app: Flask,
) -> None:
    changing = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/api/") and (rule.methods or set()) - SAFE
    }
    faces = {endpoint.partition(".")[0] for endpoint in changing}
    told = {endpoint for endpoint in changing if endpoint.partition(".")[0] not in ONLY_PAGE_FACES}

    assert sorted(told - BY_API.keys() - ONLY_PAGE.keys()) == []
    assert sorted((BY_API.keys() | ONLY_PAGE.keys()) - told) == []
    assert sorted(BY_API.keys() & ONLY_PAGE.keys()) == []
    assert sorted(ONLY_PAGE_FACES.keys() - faces) == []
    alike = {endpoint for endpoints in BY_API.values() for endpoint in endpoints}
    assert sorted(alike ^ {deed.endpoint for deed in DEEDS}) == []


def _endpoint(app: Flask, answer: Any) -> str:
    """Which of our routes was asked: what a deed says that it asks is looked after."""
    asked = answer.request
    endpoint, _ = app.url_map.bind("localhost").match(asked.path, method=asked.method)
    return str(endpoint)


def _same_sentence(problem: dict[str, Any], page: str) -> bool:
    told = [
        problem["detail"],
        *(each for sentences in problem.get("fields", {}).values() for each in sentences),
    ]
    return any(_timeless(sentence.replace(API, PAGE)) in _timeless(page) for sentence in told)


def _timeless(words: str) -> str:
    """The two were done one after the other; pages write a status as it is labelled everywhere, with a capital."""
    return re.sub(r"\d\d:\d\d:\d\d", "", words).casefold()


def test_a_channel_when_pulled_or_replayed_by_either_face_then_the_second_joins_the_first(
    stage: Stage,
) -> None:
    key, _ = two_channels(stage, {})
    for kind, path, body in (("channel.pull", "pull", {}), ("channel.replay", "replay", {"all": "1"})):
        assert stage.press(f"/channels/{key}/{path}", **body).status_code < 400
        by_page = _work(kind)
        answer = stage.program.post(f"/channels/{key}/{path}/")
        assert answer.status_code == 202
        assert _work(kind) == by_page
        assert answer.json["id"] == by_page[0]


def _work(kind: str) -> tuple[str, int | None, dict[str, Any]]:
    db.session.rollback()
    row = db.session.scalars(select(Operation).where(Operation.kind == kind)).one()
    return str(row.id), row.requested_by_id, row.args


@pytest.mark.parametrize("before", [approved, opened_by_oneself_above_the_limit])
def test_a_refused_act_on_money_when_tried_by_either_face_then_the_log_has_the_same_code(
    stage: Stage, before: Any
) -> None:
    page_id, api_id = two_orders(stage, {})
    for order_id in (page_id, api_id):
        before(stage, order_id)
    deed = on_plan("approve", "cancellation_approved_order")
    deed["page"](stage, page_id)
    answer = deed["api"](stage, api_id)

    kept = {
        entry.origin: entry.changes["refused_because"][1]
        for entry in db.session.scalars(select(AuditEntry).where(AuditEntry.refused))
    }
    assert kept == {"page": answer.json["code"], "api": answer.json["code"]}
