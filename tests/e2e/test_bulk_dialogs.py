"""Every dialog of both bulk bars, in light, dark and Arabic: nothing for axe to find, nothing too wide.

A phone has no ticks, and so no bulk bar.
"""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.cancelling import Counter
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways
from tests.e2e.test_shell_pages import LOOKS, signed_in
from webapp.core.db import unit_of_work
from webapp.orders.models import Tag

pytestmark = pytest.mark.browser
# The list, and what the button of its bulk bar asks for.
DIALOGS = (
    ("/orders/", "/orders/move-many/ask"),
    ("/orders/", "/orders/cancel-many/ask"),
    ("/orders/", "/orders/tag-many/ask"),
    ("/orders/", "/orders/assign-many/ask"),
    ("/cancellations/", "/cancellations/approve/ask"),
    ("/cancellations/", "/cancellations/reject/ask"),
)


@pytest.mark.parametrize(
    ("options", "fields"), [look[1:] for look in LOOKS[:3]], ids=[look[0] for look in LOOKS[:3]]
)
def test_dialogs_of_the_bulk_bars_when_open_then_axe_finds_nothing_and_they_fit(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    session: Session,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    counter = Counter.open(session)
    for number in ("1001", "1002", "1003", "1004"):
        order_id = counter.order("60.00", "40.00", number=number)
        if number > "1002":
            counter.cancel(order_id)
    with unit_of_work() as unit:
        unit.add(Tag(name="Fragile", colour="amber"))
    page = signed_in(new_context, web_app, base_url, options, **fields)
    problems = {}
    for path, asks in DIALOGS:
        page.goto(path, wait_until="networkidle")
        page.locator("[data-pick-all]").check()
        # The first button of the cancellations' bar asks where its form does.
        button = page.locator(f'#bulk button[formaction="{asks}"]')
        (button if button.count() else page.locator("#bulk button[type=submit]").first).click()
        page.locator("#dialog[open] h2").wait_for()
        found = axe_problems(page) + (["scrolls sideways"] if scrolls_sideways(page) else [])
        if found:
            problems[asks] = found
    assert problems == {}
