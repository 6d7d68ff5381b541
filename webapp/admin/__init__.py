"""Staff and reference data in Flask-Admin, in our own layout. Orders and plans are never edited here.

Flask-Admin gives lists: columns, sorting, searching, paging, export. Everything that writes is ours: base.py sends
each form to a service, which checks it and leaves an audit row. No template and no script of Flask-Admin's is used.
"""

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Theme

from webapp.admin.base import HardenedView
from webapp.admin.index import ReferenceIndex
from webapp.admin.staff import StaffView
from webapp.admin.views import (
    CancellationReasonView,
    CargoCompanyView,
    ChannelListView,
    DataSourceView,
    InstallmentView,
    MappingView,
    PaymentOptionView,
    PriceListView,
    ProductView,
    StockListView,
    TagView,
)
from webapp.auth.permissions import declare_blueprint
from webapp.ui.navigation import set_area
from webapp.ui.security import csp_nonce

# In this order the index lists them.
VIEWS: tuple[type[HardenedView], ...] = (
    StaffView,
    ChannelListView,
    MappingView,
    CargoCompanyView,
    PaymentOptionView,
    InstallmentView,
    CancellationReasonView,
    TagView,
    ProductView,
    DataSourceView,
    PriceListView,
    StockListView,
)


def init_admin(app: Flask) -> None:
    """Hang every view into the app; each declares its permission for the guard in front of all views."""
    admin = Admin(
        app,
        name="Kontor",
        index_view=ReferenceIndex(),
        theme=Theme(folder="bootstrap4", base_template="admin_base.html"),
        csp_nonce_generator=csp_nonce,
    )
    declare_blueprint(app, ReferenceIndex.endpoint_name, ReferenceIndex.permission)
    for view_class in VIEWS:
        view = view_class()
        admin.add_view(view)
        declare_blueprint(app, view.endpoint, view.permission)
        if view.endpoint != StaffView.endpoint_name:
            set_area(app, view.endpoint, ReferenceIndex.endpoint_name)
