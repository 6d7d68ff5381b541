"""The faces of the product over HTTP: blueprints, the admin, error pages, security headers."""

from flask import Flask

from webapp.core.settings import Settings


def register(app: Flask, settings: Settings) -> None:
    """Hang every blueprint and handler into the app."""
