"""The only composition root: what the product is made of, and nothing else."""

import os
from pathlib import Path

from flask import Flask

from webapp import http_faces, jobs
from webapp.cargo.accounts import make_carrier
from webapp.cargo.carrier import Carrier
from webapp.channels.refund_gateway import PREFIX as CHANNEL_PREFIX
from webapp.channels.refund_gateway import make_channel_gateway
from webapp.core.db import db, unit_of_work
from webapp.core.hints import Hints
from webapp.core.logging import configure_logging
from webapp.core.pool import check_connections
from webapp.core.settings import Settings
from webapp.core.sheets import check_spreadsheet_reader
from webapp.payments.accounts import make_gateway
from webapp.payments.gateway import Gateway

ROOT = Path(__file__).resolve().parent


def create_app(settings: Settings | None = None) -> Flask:
    """A ready application; raises SettingsError with one sentence when the environment is wrong."""
    settings = settings or Settings.from_env(os.environ)
    check_spreadsheet_reader()
    if not settings.testing:
        configure_logging()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.sqlalchemy_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 8,
            "max_overflow": 4,
            "pool_timeout": 10,
            # The connection used last has the statements prepared that the next page needs.
            "pool_use_lifo": True,
            # An exception's words reach the log; the values of its statement must not.
            "hide_parameters": True,
        },
        SECRET_KEY=settings.secret_key,
        TESTING=settings.testing,
    )
    app.extensions["kontor_settings"] = settings
    app.extensions["kontor_gateways"] = lambda name: _gateway(name, settings)
    app.extensions["kontor_carriers"] = lambda company_id: _carrier(company_id, settings)
    app.extensions["kontor_hints"] = Hints(settings=settings, handlers=jobs.handlers())
    db.init_app(app)
    with app.app_context():
        check_connections(db.engine)
    http_faces.register(app, settings)
    return app


def _gateway(name: str, settings: Settings) -> Gateway:
    """The gateway that refunds carry by this name; read in a transaction that ends before anything is called."""
    with unit_of_work() as session:
        if name.startswith(CHANNEL_PREFIX):
            return make_channel_gateway(session, name, settings)
        return make_gateway(session, name, settings)


def _carrier(cargo_company_id: int, settings: Settings) -> Carrier:
    """The carrier as it can be asked; read in a transaction that ends before anything is called."""
    with unit_of_work() as session:
        return make_carrier(session, cargo_company_id, settings)
