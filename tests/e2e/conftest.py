"""A real Chromium in front of the real application. Without one the tests are skipped; with CI=true that is a failure."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

from scripts.find_chromium import find_chromium
from tests.e2e import gallery
from tests.servers import free_port
from webapp.app import create_app
from webapp.core.settings import Settings


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


OpenContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(browser: Browser, base_url: str, empty_database: None) -> Iterator[OpenContext]:
    """Opens browser contexts; when the test ends no page of theirs may have broken the content policy or a script."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        policy = "Content Security Policy" in message.text or "Refused to" in message.text
        if message.type == "error" and (policy or "Uncaught" in message.text):
            complaints.append(message.text)

    def open_context(**options: object) -> BrowserContext:
        context = browser.new_context(
            **{"base_url": base_url, "viewport": {"width": 1360, "height": 860}, **options}
        )
        context.set_default_timeout(10_000)
        context.on("console", complain)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_context: OpenContext) -> Page:
    """One page of a signed-out browser."""
    return new_context().new_page()
