"""The second lock on the door of every view; the guard in front of all views has asked already."""

from typing import Any, ClassVar

from flask import Response

from webapp.auth.login import unauthenticated
from webapp.auth.permissions import Permission, can, staff_or_none
from webapp.core.errors import PermissionDenied
from webapp.core.text import N_


class Guarded:
    """What every view of the admin is: for people with one permission."""

    permission: ClassVar[Permission]

    def is_accessible(self) -> bool:
        """Signed in, with this view's permission."""
        return can(self.permission)

    def inaccessible_callback(self, name: str, **_values: Any) -> Response:
        """Sign in first, or be refused."""
        if staff_or_none() is None:
            return unauthenticated()
        raise PermissionDenied(N_("Your role does not allow this. Ask an administrator if it should."))

    def _run_view(self, fn: Any, *args: Any, **values: Any) -> Any:
        # Flask-Admin's own catches TypeError and calls the view a second time: that hides bugs and writes twice.
        return fn(self, *args, **values)
