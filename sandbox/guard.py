"""Keeps web pages of other origins from pressing the buttons of a server that asks for no password."""

from urllib.parse import urlsplit

from flask import Flask, abort, request

HOSTS = ["127.0.0.1", "localhost"]  # other names could be pointed here by a foreign name server


def guard(app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = HOSTS
    app.before_request(_check_origin)


def _check_origin() -> None:
    origin = request.headers.get("Origin")
    if request.method != "GET" and origin and urlsplit(origin).netloc != request.host:
        abort(403)
