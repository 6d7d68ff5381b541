"""A request reads; what it writes, it writes in a unit of work."""

from flask import Flask

from webapp.core.db import begin_reading, db, end_reading


def init_reading(app: Flask) -> None:
    """Give each request a session that PostgreSQL lets write in `unit_of_work()` alone."""

    @app.before_request
    def begin() -> None:
        begin_reading(db.session())

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        end_reading(db.session())
