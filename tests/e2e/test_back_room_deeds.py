"""What people do behind the desk, in a real browser, with a real shop and a real worker."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from tests.channels.shops import Connected
from tests.e2e.back_room import furnish
from tests.e2e.conftest import OpenContext
from tests.sandbox.running import ShopServer
from tests.servers import Processes, wait_until
from tests.staff import cookie_value, make_staff
from webapp.cargo.models import CargoCompany
from webapp.channels.models import Mapping
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.core.settings import Timing
from webapp.ui.security import PLAIN_COOKIE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    """A shop with two pages of orders."""
    server = ShopServer(
        "sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", "--orders", "130", "--seed", "7"
    )
    yield server
    server.stop()


# A shop on a busy machine may be slow once; then the work is tried again at once.
QUICK = Timing(backoff_s=(0.5,))


@dataclass
class Desk:
    """A signed-in browser page and the channel it works on."""

    page: Page
    channel_id: int
    app: Flask

    def operations(self) -> int:
        """How many there are."""
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(Operation)) or 0


@pytest.fixture
def desk(new_context: OpenContext, web_app: Flask, base_url: str, shop: ShopServer) -> Iterator[Desk]:
    """An administrator before a connected shop that nothing has been read of."""
    shop.control("DELETE", "faults")
    with web_app.app_context():
        staff = make_staff(name="Selin Koç")
        channel_id = Connected.to(shop, name="Sandbox shop").channel_id
        value = cookie_value(web_app, staff)
    context = new_context()
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])
    yield Desk(context.new_page(), channel_id, web_app)
    shop.control("DELETE", "faults")


def test_pull_now_when_clicked_then_progress_moves_here_and_in_the_bar_and_survives_a_reload(
    desk: Desk, shop: ShopServer, processes: Processes
) -> None:
    shop.fault(kind="slow", seconds=2.0)
    processes.worker("channels", timing=QUICK)
    page = desk.page
    page.goto(f"/channels/{desk.channel_id}")

    page.get_by_role("button", name="Pull now").click()
    expect(page.locator(".k-toast")).to_have_text("Pulling Sandbox shop.")
    page.get_by_role("button", name="Pull now").click()
    expect(page.locator(".k-toast").last).to_have_text(
        "Sandbox shop is being pulled already; you are watching that pull."
    )
    expect(page.locator("#operations-live")).to_contain_text("Pulling orders")
    expect(page.locator("#channel-work .k-running")).to_contain_text(re.compile(r"100/13\d"), timeout=30_000)
    page.reload()
    expect(page.locator("#channel-work .k-running progress")).to_be_visible()
    expect(page.locator("#operations-live progress")).to_be_visible()

    # It ends by itself: the page, its lists and the bar tell the end, and nothing asks any more.
    expect(page.locator("#channel-work .k-running")).to_have_count(0, timeout=30_000)
    expect(page.locator("#channel-recent")).to_contain_text(re.compile(r"\d+ new"))
    expect(page.locator("#operations-live")).to_contain_text(re.compile(r"Pull\s*\d+ new"))
    expect(page.locator("[hx-trigger*='every']")).to_have_count(0)
    assert desk.operations() == 1


def test_a_new_order_when_pulled_then_appears_in_the_open_list_without_a_reload(
    desk: Desk, shop: ShopServer, processes: Processes
) -> None:
    processes.worker("channels", timing=QUICK)
    page = desk.page
    page.goto(f"/channels/{desk.channel_id}")
    page.get_by_role("button", name="Pull now").click()
    expect(page.locator("#channel-recent")).to_contain_text(re.compile(r"\d+ new"), timeout=30_000)
    page.goto("/orders/")
    page.evaluate("window.notReloaded = true")
    number = str(shop.place()["number"])
    expect(page.locator("#orders")).not_to_contain_text(number)

    page.get_by_role("button", name="Pull orders").click()

    expect(page.locator("#orders")).to_contain_text(number, timeout=30_000)
    assert page.evaluate("window.notReloaded") is True


def test_a_failed_record_when_its_word_is_mended_then_becomes_an_order_before_the_readers_eyes(
    desk: Desk, processes: Processes
) -> None:
    with desk.app.app_context(), unit_of_work() as session:
        # As a mistake in the database would have it: no page lets staff write this.
        wrong = Mapping(
            channel_id=desk.channel_id, kind="status", remote_value="processing", local_value="999"
        )
        session.add(wrong)
    processes.worker("channels", timing=QUICK)
    page = desk.page
    page.goto(f"/channels/{desk.channel_id}")
    page.get_by_role("button", name="Pull now").click()
    expect(page.locator("#channel-recent")).to_contain_text("Mapping missing", timeout=30_000)

    page.locator("#channel-recent .k-card-head a").first.click()
    page.locator("#failed tbody a.k-strong").first.click()
    expect(page.locator("pre.k-payload")).to_contain_text('"status": "processing"')
    page.get_by_label("Means here").fill("450")
    page.get_by_role("button", name="Save and try again").click()

    expect(page.locator("#record")).to_contain_text("This record was taken.", timeout=30_000)
    page.locator("#record dd a").click()
    expect(page).to_have_url(re.compile("/orders/"))
    expect(page.locator("h1")).to_be_visible()
    page.goto(f"/channels/{desk.channel_id}/failed")
    page.get_by_role("button", name="Try all again…").click()
    page.locator("#confirm[open] #confirm-yes").click()
    expect(page.locator("#failed")).to_contain_text("No failed records", timeout=30_000)


def test_a_dry_run_when_asked_for_then_shows_what_would_change_and_then_does_it(
    desk: Desk, shop: ShopServer, processes: Processes
) -> None:
    processes.worker("channels", timing=QUICK)
    number = str(shop.place()["number"])
    page = desk.page
    page.goto(f"/channels/{desk.channel_id}/backfill")
    page.get_by_label("These order numbers").check()
    expect(page.get_by_label("First day")).to_be_hidden()
    page.get_by_label("Order numbers", exact=True).fill(f"{number}, no-such")
    page.get_by_label("Only show what would change").check()

    page.get_by_role("button", name="Start").click()

    expect(page.locator("#changes")).to_contain_text(number, timeout=30_000)
    expect(page.locator("#changes")).to_contain_text("would be new")
    expect(page.locator("#operation")).to_contain_text("The channel does not have: no-such")
    page.get_by_role("button", name="Fetch them").click()
    expect(page.locator("#operation")).to_contain_text("New", timeout=30_000)
    page.goto(f"/orders/?q={number}")
    expect(page.locator("main")).to_contain_text(number)


def test_a_channel_when_connected_by_its_form_then_its_credentials_are_tried_at_once(
    desk: Desk, shop: ShopServer, processes: Processes
) -> None:
    processes.worker("channels", timing=QUICK)
    page = desk.page
    page.goto("/channels/")
    page.get_by_role("link", name="Connect a channel").click()
    page.get_by_label("Name").fill("Second shop")
    page.get_by_label("Address", exact=True).fill(shop.url)
    page.get_by_label("Consumer key").fill("ck_wrong")
    page.get_by_label("Consumer secret").fill("cs_wrong")
    page.get_by_role("button", name="Connect").click()

    expect(page.locator("h1")).to_have_text("Second shop")
    expect(page.locator("#channel-recent")).to_contain_text("Connection test", timeout=30_000)
    expect(page.locator("#channel-recent")).to_contain_text("Given up", timeout=30_000)
    assert "cs_wrong" not in page.content()


def test_deleting_when_clicked_then_asks_and_a_bulk_deed_too_under_the_content_policy(
    desk: Desk,
) -> None:
    page = desk.page
    with desk.app.app_context(), unit_of_work() as session:
        session.add_all([CargoCompany(slug=f"c{n}", name=f"Carrier {n}") for n in range(3)])
    page.goto("/reference/carriers/")

    page.get_by_role("link", name="Delete Carrier 0…").click()
    expect(page.locator("#dialog[open] h2")).to_have_text("Delete “Carrier 0”?")
    page.locator("#dialog[open]").get_by_role("button", name="Keep").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#records tbody tr")).to_have_count(3)

    page.get_by_role("link", name="Delete Carrier 0…").click()
    page.locator("#dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Carrier “Carrier 0” was deleted.")).to_be_visible()
    expect(page.locator("#records tbody tr")).to_have_count(2)

    page.get_by_label("Tick all rows of this page").check()
    page.locator("#bulk").get_by_role("button", name="Delete…").click()
    expect(page.locator("#dialog[open] h2")).to_have_text("Delete 2 rows?")
    page.locator("#dialog[open]").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("2 deleted.")).to_be_visible()
    expect(page.locator("#records")).to_contain_text("Nothing here yet")


def test_an_operation_when_retried_from_the_list_then_its_row_moves_without_a_reload(
    desk: Desk, shop: ShopServer, processes: Processes
) -> None:
    with desk.app.app_context(), unit_of_work() as session:
        dead = Operation(
            kind="channel.check",
            queue="channels",
            dedupe_key="again",
            args={},
            channel_id=desk.channel_id,
            state="dead",
            attempt=1,
            last_error="no answer",
        )
        session.add(dead)
    processes.worker("channels", timing=QUICK)
    page = desk.page
    page.goto("/operations/?state=dead&state=ready&state=leased&state=done")
    page.evaluate("window.notReloaded = true")

    page.get_by_role("button", name="Retry").click()

    expect(page.locator(".k-toast")).to_have_text("Connection test runs again.")
    expect(page.locator("#operations-table tbody tr")).to_contain_text("Done", timeout=30_000)
    assert page.evaluate("window.notReloaded") is True


def test_lists_and_forms_when_there_is_no_script_then_work_all_the_same(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    with web_app.app_context():
        staff = make_staff(name="Selin Koç")
        furnished = furnish(staff.id)
        value = cookie_value(web_app, staff)
    context = new_context(java_script_enabled=False)
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])
    page = context.new_page()

    page.goto("/operations/")
    page.locator("details.k-menu summary", has_text="State").click()
    page.get_by_label("Given up").check()
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("state=dead"))
    expect(page.locator("#operations-table tbody tr")).to_have_count(1)

    page.goto("/reference/carriers/")
    page.get_by_label("Search this list").fill("aras")
    page.get_by_label("Search this list").press("Enter")
    expect(page.locator("#records tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Delete Aras…").click()
    expect(page.locator("h1")).to_have_text("Delete “Aras”?")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Carrier “Aras” was deleted.")).to_be_visible()

    page.goto(f"/channels/{furnished.channel_id}/backfill")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".k-errors")).to_contain_text("Give the first day")
    page.goto(f"/channels/{furnished.channel_id}")
    page.get_by_role("button", name="Pull now").click()
    expect(page.locator("#notices")).to_contain_text("Web shop TR")


def test_the_bar_when_the_tab_is_hidden_then_asks_only_every_few_seconds(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    with web_app.app_context():
        staff = make_staff()
        furnish(staff.id)
        value = cookie_value(web_app, staff)
    context = new_context()
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])
    page = context.new_page()
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/operations/live" in request.url else None
    )
    page.goto("/profile")
    wait_until(lambda: page.evaluate("1") and len(asked) >= 3, what="three looks of a visible tab")

    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    before = len(asked)
    page.wait_for_timeout(6_500)

    # Visible it would have asked three times.
    assert len(asked) - before <= 2
