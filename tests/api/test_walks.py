"""Lists that are not counted are walked there by `next` and back by `previous`: every row once, the same pages both ways."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.api.programs import Program, program
from tests.order_drafts import make_channel
from tests.statements import counted_statements
from tests.webhooks.hearing import subscribe
from webapp.core.db import unit_of_work
from webapp.core.operations import Operation
from webapp.core.worklist import Subject, put
from webapp.events.models import Event, WebhookDelivery

ROWS = 7


def work() -> str:
    """Operations, all of one moment as far as the clock can tell."""
    with unit_of_work() as unit:
        words = {"kind": "channel.pull", "queue": "channels", "args": {}, "state": "done"}
        unit.add_all([Operation(dedupe_key=str(at), **words) for at in range(ROWS)])
    return "/operations/"


def list_of_work() -> str:
    with unit_of_work() as unit:
        many = Operation(kind="orders.tag_many", queue="upkeep", dedupe_key="x", args={}, state="done")
        unit.add(many)
        unit.flush()
        put(unit, many, [Subject(at, None) for at in range(1, ROWS + 1)])
        return f"/operations/{many.id}/verdicts/"


def deliveries() -> str:
    pk, _ = subscribe()
    with unit_of_work() as unit:
        for _ in range(ROWS):
            event = Event(name="order.created", subject="1", is_spread=True, facts={})
            unit.add(event)
            unit.flush()
            unit.add(WebhookDelivery(subscription_id=pk, event_id=event.id))
    return f"/webhooks/{pk}/deliveries/"


@pytest.mark.parametrize("make", [work, list_of_work, deliveries])
def test_a_list_when_walked_there_and_back_then_every_row_once_and_the_same_pages(
    app: Flask, session: Session, make: Callable[[], str]
) -> None:
    make_channel(session)
    url, caller = make(), program(app)

    there = _pages(caller, f"{url}?page_size=3", "next")
    back = _pages(caller, there[-1]["previous"], "previous")

    rows = [row for page in there for row in page["results"]]
    assert [len(page["results"]) for page in there] == [3, 3, 1]
    assert len({str(row) for row in rows}) == ROWS
    assert [page["results"] for page in back] == [page["results"] for page in there[-2::-1]]
    assert (there[0]["previous"], there[-1]["next"], back[-1]["previous"]) == (None, None, None)


@pytest.mark.parametrize("make", [work, list_of_work, deliveries])
def test_a_cursor_when_it_is_another_lists_then_422(
    app: Flask, session: Session, make: Callable[[], str]
) -> None:
    make_channel(session)
    for path in ("/orders/?cursor=", "/refunds/?cursor="):
        assert program(app).get(path).status_code == 200
    url, caller = make(), program(app)
    cursors = ["x", "WyItZGF0ZV9wbGFjZWQiLDFd", "WyItcGsiLCJ4Il0"]  # ["-date_placed",1], ["-pk","x"]

    answers = [caller.get(f"{url}?cursor={cursor}") for cursor in cursors]

    assert [(each.status_code, list(each.json["fields"])) for each in answers] == [(422, ["cursor"])] * 3


def test_webhooks_when_there_are_more_of_them_then_listed_with_their_counts_by_as_many_statements(
    app: Flask, session: Session
) -> None:
    make_channel(session)
    deliveries()
    caller = program(app)
    with counted_statements() as of_one:
        one = caller.get("/webhooks/").json
    subscribe()
    subscribe()
    with counted_statements() as of_three:
        three = caller.get("/webhooks/").json

    assert [each["waiting"] for each in one["results"]] == [ROWS]
    assert [(each["waiting"], each["failed"]) for each in three["results"]] == [(ROWS, 0), (0, 0), (0, 0)]
    assert len(of_three) == len(of_one)


def _pages(caller: Program, url: str | None, following: str) -> list[dict[str, Any]]:
    found = []
    while url:
        found.append(caller.get(url).json)
        url = found[-1][following]
    return found
