"""The page that leads to every kind of reference data its reader may keep."""

from flask import Response, make_response
from flask_admin.base import BaseView, expose
from flask_babel import lazy_gettext as _l

from webapp.admin.access import Guarded
from webapp.auth.permissions import Permission


class ReferenceIndex(Guarded, BaseView):
    """Links with a sentence each. It serves no static files: nothing here uses Flask-Admin's scripts."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "reference"

    def __init__(self) -> None:
        super().__init__(name=_l("Reference data"), endpoint=self.endpoint_name, url="/reference")

    @expose("/")
    def index(self) -> Response:
        """The links."""
        # The first view of the admin is this page itself.
        views = [view for view in self.admin._views[1:] if view.is_accessible()]
        return make_response(self.render("admin/index.html", views=views))
