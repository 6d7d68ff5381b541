"""Signing a browser in, and asking axe what is wrong with a page."""

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import BrowserContext, Page

from tests.staff import cookie_value, make_staff
from webapp.auth.roles import Role
from webapp.ui.security import PLAIN_COOKIE

# WCAG 2.2 AA; target size is among its rules but off by default.
_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}


def sign_in(
    context: BrowserContext, app: Flask, base_url: str, role: Role = Role.ADMINISTRATOR, **fields: str
) -> None:
    """Let every page of this browser be signed in as a new member of staff."""
    with app.app_context():
        value = cookie_value(app, make_staff(role, **fields))  # type: ignore[arg-type]
    context.add_cookies([{"name": PLAIN_COOKIE, "value": value, "url": base_url}])


def axe_problems(page: Page) -> list[str]:
    """What axe finds, one line per element; empty when the page is as it should be."""
    violations = Axe().run(page, options=_OPTIONS).response["violations"]
    return [
        f"{v['id']}: {node['target']} {node['failureSummary']}" for v in violations for node in v["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page as a whole is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
