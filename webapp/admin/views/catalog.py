"""What is sold, for which price, out of which stock, and who brings it."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Query

from webapp.admin import forms
from webapp.admin.views.pills import active_pill, narrowed
from webapp.admin.writing import ReferenceView
from webapp.auth.permissions import Permission
from webapp.cargo.service import CARGO_COMPANY
from webapp.catalog.models import Product
from webapp.catalog.service import PRICE_LIST, PRODUCT, STOCK_LIST
from webapp.channels.models import DataSource
from webapp.core.db import db
from webapp.ui.filters import Pill


class ProductView(ReferenceView):
    """Products."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "products"
    url_name = "/reference/products"
    kind = PRODUCT
    title = _l("Products")
    singular = _l("Product")
    summary = _l("What can be sold; order items with an unknown SKU wait for their product.")
    form = forms.ProductForm
    column_list = ("sku", "name", "barcode", "data_source.name", "is_active")
    column_labels = {
        "sku": _l("SKU"),
        "name": _l("Name"),
        "barcode": _l("Barcode"),
        "image_url": _l("Picture"),
        "data_source.name": _l("Data source"),
        "data_source_id": _l("Data source"),
        "is_active": _l("Active"),
    }
    column_select_related_list = (Product.data_source,)
    column_default_sort = "sku"
    column_sortable_list = ("sku", "name")
    column_searchable_list = ("sku", "name", "barcode")

    def pills(self) -> Sequence[Pill]:
        return (active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return narrowed(query, (active_pill(),), {"active": self.model.is_active})

    def prepared(self, form: FlaskForm) -> FlaskForm:
        sources = db.session.execute(select(DataSource.id, DataSource.name).order_by(DataSource.name))
        form.data_source_id.choices = forms.choices([("", "—"), *((key, name) for key, name in sources)])
        return form


class PriceListView(ReferenceView):
    """Price lists."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "price_lists"
    url_name = "/reference/price-lists"
    kind = PRICE_LIST
    title = _l("Price lists")
    singular = _l("Price list")
    summary = _l("Where a channel's prices come from.")
    form = forms.PriceListForm
    column_list = ("name", "code", "currency")
    column_labels = {"name": _l("Name"), "code": _l("Code"), "currency": _l("Currency")}
    column_default_sort = "name"
    column_sortable_list = ("name", "code", "currency")
    column_searchable_list = ("name", "code")


class StockListView(ReferenceView):
    """Stock lists."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "stock_lists"
    url_name = "/reference/stock-lists"
    kind = STOCK_LIST
    title = _l("Stock lists")
    singular = _l("Stock list")
    summary = _l("Warehouses and stores whose stock channels sell.")
    form = forms.StockListForm
    column_list = ("name", "code")
    column_labels = {"name": _l("Name"), "code": _l("Code")}
    column_default_sort = "name"
    column_sortable_list = ("name", "code")
    column_searchable_list = ("name", "code")


class CargoCompanyView(ReferenceView):
    """Carriers."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "cargo_companies"
    url_name = "/reference/carriers"
    kind = CARGO_COMPANY
    title = _l("Carriers")
    singular = _l("Carrier")
    summary = _l("Who brings parcels, and where their tracking pages are.")
    form = forms.CargoCompanyForm
    column_list = ("name", "slug", "tracking_url_template", "is_active")
    column_labels = {
        "name": _l("Name"),
        "slug": _l("Short name"),
        "tracking_url_template": _l("Tracking page"),
        "is_active": _l("Active"),
    }
    column_default_sort = "name"
    column_sortable_list = ("name", "slug", "is_active")
    column_searchable_list = ("name", "slug")

    def pills(self) -> Sequence[Pill]:
        return (active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return narrowed(query, (active_pill(),), {"active": self.model.is_active})
