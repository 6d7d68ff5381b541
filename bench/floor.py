"""The floor: what a page of 50 rows costs at least. A bare Flask view, one SQL statement by key, one Jinja table."""

import os
from collections.abc import Sequence
from typing import Any

from flask import Flask, render_template_string, request
from sqlalchemy import create_engine, text

from webapp.core.settings import with_driver

COLUMNS = "id, number, date_placed, status, amount, currency, item_count, tracking_number"
TABLE = """<!doctype html><title>Orders</title><table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>
{% endfor %}</tr>{% endfor %}</table>"""
BY = {
    "/list": "TRUE",
    "/deep": "(date_placed, id) < (CAST(:placed AS timestamptz), CAST(:id AS bigint))",
    "/status": "status = CAST(:status AS int)",
    "/number": "number = :number",
    "/customer": "customer_id = CAST(:customer AS bigint)",
}


def create_floor() -> Flask:
    """The floor's own application, on the database of DATABASE_URL."""
    app = Flask(__name__)
    engine = create_engine(with_driver(os.environ["DATABASE_URL"]), pool_size=4)

    def fetch(statement: str) -> Sequence[Any]:
        with engine.connect() as connection:
            return connection.execute(text(statement), request.args.to_dict()).fetchall()

    def page(where: str) -> str:
        rows = fetch(
            f"SELECT {COLUMNS} FROM orders WHERE {where} ORDER BY date_placed DESC, id DESC LIMIT 50"
        )
        return render_template_string(TABLE, rows=rows)

    for path, where in BY.items():
        app.add_url_rule(path, path, lambda where=where: page(where))

    @app.get("/order")
    def order() -> str:
        rows = fetch(
            "SELECT o.*, i.* FROM orders o JOIN order_item i ON i.order_id = o.id WHERE o.id = CAST(:id AS bigint)"
        )
        return render_template_string(TABLE, rows=rows)

    return app
