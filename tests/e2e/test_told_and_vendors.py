"""What the channel was told and what vendors supply, in a real browser, with a real sandbox shop behind the channel."""

import os
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.cancelling import Counter
from tests.channels.shops import Connected
from tests.channels.telling import Told
from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in
from tests.factories import make_cargo
from tests.order_drafts import line
from tests.sandbox.running import ShopServer
from webapp.auth.roles import Role
from webapp.catalog.models import Product
from webapp.channels.models import DataSource
from webapp.core.hints import drain
from webapp.orders.enums import ActionKind

pytestmark = pytest.mark.browser

OpenDesk = Callable[..., Page]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopServer]:
    shop = ShopServer("sandbox.shop", tmp_path_factory.mktemp("shop") / "shop.db", "--orders", "0")
    yield shop
    shop.stop()


@pytest.fixture
def connected(shop: ShopServer, session: Session) -> Iterator[Connected]:
    yield Connected.to(shop)
    session.close()


@pytest.fixture
def open_desk(new_context: OpenContext, web_app: Flask, base_url: str) -> OpenDesk:
    """A page of somebody of that role."""

    def open_(role: Role = Role.SUPERVISOR, **options: object) -> Page:
        context = new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        sign_in(context, web_app, base_url, role)
        return context.new_page()

    return open_


def look(page: Page, name: str) -> None:
    """A picture for people, where one is wanted: KONTOR_LOOK names the folder."""
    folder = os.environ.get("KONTOR_LOOK")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_message_when_the_shop_refused_it_then_sent_again_from_the_order_it_arrives(
    open_desk: OpenDesk, connected: Connected
) -> None:
    told = Told.bought(connected)
    told.move(550)
    told.deliver(ActionKind.ACKNOWLEDGE)
    connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "cancelled"})
    told.deliver(ActionKind.STATUS, status="550")
    told.deliver(ActionKind.STOCK, items=told.items()[:1])
    connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "processing"})

    page = open_desk()
    page.goto(f"/orders/{told.order_id}")
    panel = page.locator("#told")
    expect(panel.get_by_text("Given up")).to_be_visible()
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)
    look(page, "told-order")
    panel.locator("div", has_text="New status").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("The channel is being told again.")).to_be_visible()
    expect(panel.get_by_text("Waiting to be sent")).to_be_visible()
    panel.get_by_role("button", name="Done there").click()
    expect(panel.get_by_text("Done there by hand")).to_be_visible()

    drain("channels")

    page.reload()
    expect(panel.get_by_text("“processing” became “completed”.")).to_be_visible()
    assert told.at_shop()["status"] == "completed"


def test_attention_and_channel_when_something_was_given_up_then_both_lead_on(
    open_desk: OpenDesk, connected: Connected
) -> None:
    told = Told.bought(connected)
    told.move(550)
    connected.shop.api("PUT", f"/orders/{told.remote['id']}", {"status": "cancelled"})
    told.deliver(ActionKind.STATUS, status="550")
    page = open_desk()
    page.goto("/attention/")
    row = page.get_by_role("row", name=told.remote["number"])
    expect(row.get_by_role("button", name="Send again")).to_be_visible()
    assert axe_problems(page) == []
    look(page, "told-attention")
    row.get_by_role("button", name="Done there").click()
    expect(row).to_have_count(0)

    told.deliver(ActionKind.STATUS, status="550")
    page.goto(f"/channels/{connected.channel_id}")
    outbox = page.get_by_role("region", name="Not told")
    expect(outbox.get_by_text("was not moved to")).to_be_visible()
    assert axe_problems(page) == []
    look(page, "told-channel")
    page.get_by_role("button", name="Send all again").click()
    expect(page.get_by_text("1 message is sent again.")).to_be_visible()
    expect(page.get_by_text("1 on its way")).to_be_visible()


def test_vendor_when_it_names_a_parcel_then_written_down_in_the_dialog_and_shown(
    open_desk: OpenDesk, session: Session
) -> None:
    counter = Counter.open(session)
    make_cargo(session)
    vera = DataSource(slug="vera", name="Vera Lighting")
    session.add(vera)
    session.flush()
    session.add_all(Product(sku=sku, name=sku, data_source_id=vera.id) for sku in ("V-1", "V-2"))
    session.commit()
    order_id = counter.order_of(
        (
            line("1", "60.00", sku="OWN", name="Mug, black"),
            line("2", "40.00", sku="V-1", name="Desk lamp"),
            line("3", "25.00", sku="V-2", name="Floor lamp"),
        )
    )
    page = open_desk(Role.AGENT)
    page.goto(f"/orders/{order_id}")
    page.get_by_role("link", name="The vendor says…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Vera Lighting")).to_be_visible()
    dialog.get_by_label("Floor lamp").uncheck()
    dialog.get_by_role("button", name="Write it down").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say where the items stand")
    expect(dialog.get_by_label("Floor lamp")).not_to_be_checked()
    dialog.get_by_label("Tracking number").fill("VER-2026-77")
    dialog.get_by_label("Carrier").select_option(label="Swift Parcel")
    assert axe_problems(page) == []
    look(page, "vendor-dialog")
    dialog.get_by_role("button", name="Write it down").click()
    card = page.locator("section", has_text="Supplied by Vera Lighting")
    expect(card.get_by_text("VER-2026-77")).to_be_visible()
    expect(card.get_by_text("Shipped")).to_be_visible()
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)
    look(page, "vendor-order")
