"""The test client: each request starts without the test's own application context, as it does in a server."""

import contextvars
from typing import Any

from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webapp.core.db import db


class Client(FlaskClient):
    """Flask would lend a request the context that the test holds open, and with it `g` (so also who is signed in)
    and the database session. A server never does that.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send one request; afterwards the test's session reads everything anew."""
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():
            db.session.expire_all()
        return response
