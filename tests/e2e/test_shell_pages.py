"""The shell in a real browser: looks that hold in light, dark, Arabic and on a phone, and what they weigh."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenContext
from tests.e2e.desk import axe_problems, scrolls_sideways, sign_in

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LOOKS: list[tuple[str, dict[str, object], dict[str, str]]] = [
    ("light", {}, {"theme": "light"}),
    ("dark", {}, {"theme": "dark"}),
    ("arabic", {}, {"language": "ar"}),
    ("phone", PHONE, {}),
    ("phone, arabic, dark", PHONE, {"language": "ar", "theme": "dark"}),
]
LOOK = pytest.mark.parametrize(
    ("options", "fields"), [look[1:] for look in LOOKS], ids=[look[0] for look in LOOKS]
)


def signed_in(
    new_context: OpenContext, web_app: Flask, base_url: str, options: object = None, **fields: str
) -> Page:
    context = new_context(**(options if isinstance(options, dict) else {}))
    sign_in(context, web_app, base_url, **fields)
    return context.new_page()


@LOOK
@pytest.mark.parametrize("path", ["/gallery", "/gallery/parts"])
def test_a_page_when_looked_at_then_axe_finds_nothing_and_it_does_not_scroll_sideways(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    path: str,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    page = signed_in(new_context, web_app, base_url, options, **fields)
    page.goto(path, wait_until="networkidle")

    assert axe_problems(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(
    ("options", "fields"), [LOOKS[0][1:], LOOKS[-1][1:]], ids=[LOOKS[0][0], LOOKS[-1][0]]
)
def test_the_shells_own_pages_when_looked_at_then_axe_finds_nothing(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    page = signed_in(new_context, web_app, base_url, options, **fields)
    for path in ("/profile", "/no/such/page"):
        page.goto(path, wait_until="networkidle")
        assert axe_problems(page) == []
        assert not scrolls_sideways(page)


@LOOK
def test_menus_and_dialogs_when_open_then_axe_finds_nothing(
    new_context: OpenContext,
    web_app: Flask,
    base_url: str,
    options: dict[str, object],
    fields: dict[str, str],
) -> None:
    page = signed_in(new_context, web_app, base_url, options, **fields)
    page.goto("/gallery", wait_until="networkidle")
    page.locator("details.k-menu summary").first.click()
    assert axe_problems(page) == []
    assert not scrolls_sideways(page)
    page.keyboard.press("Escape")

    page.locator(".k-expand").first.click()
    page.locator(".k-peek button").click()
    page.locator("#reason-form button[type=submit]").click()
    expect(page.locator("#dialog .k-errors")).to_be_focused()
    assert axe_problems(page) == []
    page.keyboard.press("Escape")

    page.keyboard.press("?")
    expect(page.locator("#keyboard-help")).to_be_visible()
    assert axe_problems(page) == []
    page.keyboard.press("Escape")

    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    assert axe_problems(page) == []


def test_the_sign_in_page_when_looked_at_then_axe_finds_nothing(page: Page) -> None:
    page.goto("/sign-in")
    assert axe_problems(page) == []
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".k-errors")).to_be_focused()
    assert axe_problems(page) == []


def test_a_phone_when_the_menu_button_is_pressed_then_the_sidebar_opens_and_escape_closes_it(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    page = signed_in(new_context, web_app, base_url, PHONE)
    page.goto("/gallery")
    sidebar = page.get_by_role("navigation", name="Main")
    expect(sidebar).to_be_hidden()

    page.get_by_role("button", name="Menu").click()
    expect(sidebar).to_be_visible()
    assert axe_problems(page) == []

    page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()


def test_a_desk_when_wide_then_has_a_sidebar_of_208_and_a_bar_of_48_pixels(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    page = signed_in(new_context, web_app, base_url)
    page.goto("/gallery")

    def size(selector: str) -> tuple[float, float]:
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        return box["width"], box["height"]

    assert size(".k-sidebar")[0] == 208
    assert size(".k-top")[1] == 48
    assert size(".k-head .k-btn")[1] == 32
    assert size(".k-pill")[1] == 28
    assert size("tbody tr")[1] == 37
    assert size("th.k-pick")[0] >= 44
    expect(page.get_by_role("button", name="Menu")).to_be_hidden()


def test_the_colour_scheme_when_switched_then_at_once_and_for_good(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    page = signed_in(new_context, web_app, base_url, theme="light")
    page.goto("/gallery")
    assert _background(page) == "rgb(247, 247, 246)"

    with page.expect_response("**/profile/theme"):
        page.get_by_role("button", name="Switch colour scheme").click()
    assert _background(page) == "rgb(22, 22, 20)"

    page.reload()
    assert _background(page) == "rgb(22, 22, 20)"


@pytest.mark.parametrize(
    ("scheme", "background"), [("dark", "rgb(22, 22, 20)"), ("light", "rgb(247, 247, 246)")]
)
def test_the_colour_scheme_when_the_profile_says_system_then_the_computers(
    new_context: OpenContext, web_app: Flask, base_url: str, scheme: str, background: str
) -> None:
    page = signed_in(new_context, web_app, base_url, {"color_scheme": scheme}, theme="system")
    page.goto("/gallery")

    assert _background(page) == background


def test_arabic_when_shown_then_from_right_to_left_with_numbers_whole(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    page = signed_in(new_context, web_app, base_url, language="ar")
    page.goto("/gallery")
    sidebar = page.locator(".k-sidebar").bounding_box()
    assert sidebar is not None
    assert sidebar["x"] == 1360 - 208
    first = page.locator("tbody tr").first
    expect(first.locator(".k-money")).to_have_text("8,298.55 TRY")
    amount, currency = first.locator(".k-money").bounding_box(), first.locator(".k-money i").bounding_box()
    assert amount is not None
    assert currency is not None
    assert currency["x"] > amount["x"], "the currency stays behind its figure"


def test_a_page_when_visited_then_light_the_first_time_and_lighter_the_second(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    page = signed_in(new_context, web_app, base_url)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    sent: dict[str, tuple[str, int]] = {}
    urls: dict[str, str] = {}
    network.on("Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]}))
    network.on(
        "Network.loadingFinished",
        lambda e: sent.update({e["requestId"]: (urls.get(e["requestId"], ""), int(e["encodedDataLength"]))}),
    )

    page.goto("/gallery", wait_until="networkidle")
    assert 100_000 < _bytes_of_assets(sent) <= 200_000

    sent.clear()
    page.goto("/gallery/parts", wait_until="networkidle")
    assert _bytes_of_assets(sent) == 0


def test_the_content_policy_when_something_is_inline_then_it_does_not_run(
    new_context: OpenContext, web_app: Flask, base_url: str
) -> None:
    """The other tests expect no complaint of the browser's; here is the proof that it would complain."""
    page = new_context.unwatched()
    sign_in(page.context, web_app, base_url)
    page.goto("/gallery")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.inlineRan = true';
            document.body.append(script);
            document.body.setAttribute('style', 'color: red');
        }"""
    )

    assert page.evaluate("window.inlineRan") is None
    assert len([text for text in complaints if "Content Security Policy" in text]) == 2


def _background(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def _bytes_of_assets(sent: dict[str, tuple[str, int]]) -> int:
    return sum(size for url, size in sent.values() if "/assets/" in url)
