"""A real Chromium in front of the real application. Without one the tests are skipped; with CI=true that is a failure."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from werkzeug.serving import make_server

from scripts.find_chromium import find_chromium
from tests.e2e import gallery
from tests.servers import free_port
from webapp.app import create_app
from webapp.core.settings import Settings

# What a page does is waited for this long before a test fails: a busy machine is slow, not wrong.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each gets a context of its own."""
    path = find_chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No Chromium: browser tests cannot run.")
        pytest.skip("No Chromium: set KONTOR_CHROMIUM to its path.")
    with sync_playwright() as playwright:
        # As root Chromium refuses its sandbox.
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=args)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def web_app(settings: Settings) -> Flask:
    """The application with the gallery's pages beside its own."""
    app = create_app(replace(settings, port=free_port()))
    app.register_blueprint(gallery.blueprint)
    return app


@pytest.fixture(scope="session")
def base_url(web_app: Flask) -> Iterator[str]:
    """The application behind a real socket."""
    port = web_app.extensions["kontor_settings"].port
    server = make_server("127.0.0.1", port, web_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()


class OpenContext:
    """Opens browser contexts and listens to what their pages complain of."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self._base_url = base_url
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __call__(self, **options: object) -> BrowserContext:
        """A browser of its own, with no cookie yet; the options are Playwright's."""
        context = self._open(**options)
        context.on("console", self._complain)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context

    def unwatched(self) -> Page:
        """A page that may break the rules, for tests that show that the rules hold."""
        return self._open().new_page()

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _open(self, **options: object) -> BrowserContext:
        window = {"width": 1360, "height": 860}
        context = self._browser.new_context(**{"base_url": self._base_url, "viewport": window, **options})  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        return context

    def _complain(self, message: ConsoleMessage) -> None:
        broke_policy = "Content Security Policy" in message.text or "Refused to" in message.text
        if message.type == "error" and (broke_policy or "Uncaught" in message.text):
            self.complaints.append(message.text)


@pytest.fixture
def new_context(browser: Browser, base_url: str, empty_database: None) -> Iterator[OpenContext]:
    """Opens browser contexts; no page of theirs may have broken the content policy or a script when the test ends."""
    opener = OpenContext(browser, base_url)
    yield opener
    opener.close()
    assert opener.complaints == []


@pytest.fixture
def page(new_context: OpenContext) -> Page:
    """One page of a signed-out browser."""
    return new_context().new_page()
