"""Which reference data staff keep, and which of its columns and fields they see."""

from collections.abc import Sequence
from typing import Any

from flask import request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Query

from webapp.admin import forms
from webapp.admin.base import HardenedView
from webapp.admin.writing import ReferenceView
from webapp.auth.permissions import Permission, channel_scope
from webapp.cargo.service import CARGO_COMPANY
from webapp.catalog.models import Product
from webapp.catalog.service import PRICE_LIST, PRODUCT, STOCK_LIST
from webapp.channels.models import Channel, DataSource, Mapping
from webapp.channels.queries import channel_names
from webapp.channels.reference import CHANNEL, DATA_SOURCE, MAPPING, MAPPING_KINDS
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.reference import GONE
from webapp.orders.enums import PlanKind, TenderKind
from webapp.orders.models import TagColour
from webapp.orders.service.reasons import CANCELLATION_REASON
from webapp.orders.service.tags import TAG
from webapp.payments.models import Installment, PaymentOption
from webapp.payments.reference import INSTALLMENT, PAYMENT_OPTION
from webapp.ui.filters import ChoicePill, Option, Pill, read_choices

ACTIVE = (("1", _l("Active")), ("0", _l("Switched off")))


def _active_pill() -> ChoicePill:
    chosen = read_choices(request.args, "active", [value for value, _ in ACTIVE])
    return ChoicePill(
        "active", gettext("Active"), [Option(value, str(label)) for value, label in ACTIVE], chosen
    )


def _enum_pill(name: str, label: str, members: Any) -> ChoicePill:
    options = [Option(member.value, gettext(member.label)) for member in members]
    return ChoicePill(
        name, label, options, read_choices(request.args, name, [each.value for each in options])
    )


def _narrowed(query: "Query[Any]", pills: Sequence[ChoicePill], columns: dict[str, Any]) -> "Query[Any]":
    """The query with each pill's ticks on its column; a pill without ticks does not limit."""
    for pill in pills:
        if pill.chosen:
            wanted = [value == "1" for value in pill.chosen] if pill.name == "active" else list(pill.chosen)
            query = query.filter(columns[pill.name].in_(wanted))
    return query


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
        return (_active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return _narrowed(query, (_active_pill(),), {"active": self.model.is_active})


class PaymentOptionView(ReferenceView):
    """Ways to pay."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "payment_options"
    url_name = "/reference/payment-options"
    kind = PAYMENT_OPTION
    title = _l("Payment options")
    singular = _l("Payment option")
    summary = _l("How customers pay, and through which gateway money goes back.")
    form = forms.PaymentOptionForm
    column_list = ("name", "slug", "tender", "gateway", "is_active")
    column_labels = {
        "name": _l("Name"),
        "slug": _l("Short name"),
        "tender": _l("Kind of payment"),
        "gateway": _l("Gateway"),
        "is_active": _l("Active"),
    }
    column_formatters = {"tender": lambda view, context, row, name: gettext(TenderKind(row.tender).label)}
    column_default_sort = "name"
    column_sortable_list = ("name", "slug", "tender", "gateway", "is_active")
    column_searchable_list = ("name", "slug", "gateway")

    def _chosen(self) -> tuple[ChoicePill, ...]:
        return (_enum_pill("tender", gettext("Kind of payment"), TenderKind), _active_pill())

    def pills(self) -> Sequence[Pill]:
        return self._chosen()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return _narrowed(query, self._chosen(), {"tender": self.model.tender, "active": self.model.is_active})


class InstallmentView(ReferenceView):
    """Instalments of payment options."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "installments"
    url_name = "/reference/instalments"
    kind = INSTALLMENT
    title = _l("Instalments")
    singular = _l("Instalment plan")
    summary = _l("In how many monthly parts each payment option can be paid.")
    form = forms.InstallmentForm
    column_list = ("installment_count", "payment_option.name", "label")
    column_labels = {
        "installment_count": _l("Instalments"),
        "payment_option.name": _l("Payment option"),
        "payment_option_id": _l("Payment option"),
        "label": _l("Label"),
    }
    column_select_related_list = (Installment.payment_option,)
    column_default_sort = "installment_count"
    column_sortable_list = ("installment_count", "payment_option.name", "label")
    column_searchable_list = ("label", "payment_option.name")

    def prepared(self, form: FlaskForm) -> FlaskForm:
        options = db.session.execute(
            select(PaymentOption.id, PaymentOption.name).order_by(PaymentOption.name)
        )
        form.payment_option_id.choices = forms.choices((key, name) for key, name in options)
        return form


class CancellationReasonView(ReferenceView):
    """Reasons for cancelling and returning."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "cancellation_reasons"
    url_name = "/reference/reasons"
    kind = CANCELLATION_REASON
    title = _l("Reasons")
    singular = _l("Reason")
    summary = _l("Why items are cancelled or come back, as staff choose it.")
    form = forms.CancellationReasonForm
    column_list = ("name", "slug", "plan_kind", "needs_text", "sort_order", "is_active")
    column_labels = {
        "name": _l("Name"),
        "slug": _l("Short name"),
        "plan_kind": _l("For"),
        "needs_text": _l("Needs words"),
        "sort_order": _l("Place"),
        "is_active": _l("Active"),
    }
    column_formatters = {"plan_kind": lambda view, context, row, name: gettext(PlanKind(row.plan_kind).label)}
    column_default_sort = [("plan_kind", False), ("sort_order", False), ("name", False)]
    column_sortable_list = ("name", "slug", "plan_kind", "sort_order", "is_active")
    column_searchable_list = ("name", "slug")

    def _chosen(self) -> tuple[ChoicePill, ...]:
        return (_enum_pill("plan_kind", gettext("For"), PlanKind), _active_pill())

    def pills(self) -> Sequence[Pill]:
        return self._chosen()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        columns = {"plan_kind": self.model.plan_kind, "active": self.model.is_active}
        return _narrowed(query, self._chosen(), columns)


COLOURS = {
    TagColour.GREY: _l("Grey"),
    TagColour.BLUE: _l("Blue"),
    TagColour.INDIGO: _l("Indigo"),
    TagColour.GREEN: _l("Green"),
    TagColour.AMBER: _l("Amber"),
    TagColour.RED: _l("Red"),
}


class TagView(ReferenceView):
    """The house's tags."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "tags"
    url_name = "/reference/tags"
    kind = TAG
    title = _l("Tags")
    singular = _l("Tag")
    summary = _l("Words of the house that staff put on orders, to find them again.")
    form = forms.TagForm
    column_list = ("name", "colour", "is_active")
    column_labels = {"name": _l("Name"), "colour": _l("Colour"), "is_active": _l("Active")}
    column_formatters = {"colour": lambda view, context, row, name: str(COLOURS[TagColour(row.colour)])}
    column_default_sort = "name"
    column_sortable_list = ("name", "colour", "is_active")
    column_searchable_list = ("name",)

    def pills(self) -> Sequence[Pill]:
        return (_active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return _narrowed(query, (_active_pill(),), {"active": self.model.is_active})

    def prepared(self, form: FlaskForm) -> FlaskForm:
        form.colour.choices = forms.choices((colour.value, str(label)) for colour, label in COLOURS.items())
        return form


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
        return (_active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return _narrowed(query, (_active_pill(),), {"active": self.model.is_active})

    def prepared(self, form: FlaskForm) -> FlaskForm:
        sources = db.session.execute(select(DataSource.id, DataSource.name).order_by(DataSource.name))
        form.data_source_id.choices = forms.choices([("", "—"), *((key, name) for key, name in sources)])
        return form


class DataSourceView(ReferenceView):
    """Data sources."""

    permission = Permission.REFERENCE_MANAGE
    endpoint_name = "data_sources"
    url_name = "/reference/data-sources"
    kind = DATA_SOURCE
    title = _l("Data sources")
    singular = _l("Data source")
    summary = _l("Who supplies products; items of another source than their channel's are vendor items.")
    form = forms.DataSourceForm
    column_list = ("name", "slug")
    column_labels = {"name": _l("Name"), "slug": _l("Short name")}
    column_default_sort = "name"
    column_sortable_list = ("name", "slug")
    column_searchable_list = ("name", "slug")


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


class ChannelListView(HardenedView):
    """Channels among the reference data; each leads to its own page, where it is kept."""

    permission = Permission.CHANNELS_MANAGE
    endpoint_name = "channel_list"
    url_name = "/reference/channels"
    kind = CHANNEL
    title = _l("Channels")
    singular = _l("Channel")
    summary = _l("Shops and marketplaces; their pages hold credentials, schedules and failed records.")
    form = FlaskForm
    column_list = ("name", "channel_type", "base_url", "pull_minutes", "is_active")
    column_labels = {
        "name": _l("Name"),
        "channel_type": _l("Type"),
        "base_url": _l("Address"),
        "pull_minutes": _l("Minutes between pulls"),
        "is_active": _l("Active"),
    }
    column_default_sort = "name"
    column_sortable_list = ("name", "channel_type", "pull_minutes", "is_active")
    column_searchable_list = ("name", "base_url")

    def visible(self, query: "Query[Any]") -> "Query[Any]":
        scope = channel_scope()
        return query if scope is None else query.filter(Channel.id.in_(scope))

    def pills(self) -> Sequence[Pill]:
        return (_active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return _narrowed(query, (_active_pill(),), {"active": Channel.is_active})

    def row_url(self, row: Any, back_url: str) -> str | None:
        return url_for("channels.show", channel_id=row.id)


class MappingView(ReferenceView):
    """What words of channels mean here. Whoever is limited to channels keeps only theirs."""

    permission = Permission.CHANNELS_MANAGE
    endpoint_name = "mappings"
    url_name = "/reference/mappings"
    kind = MAPPING
    title = _l("Mappings")
    singular = _l("Mapping")
    summary = _l("What SKUs, statuses, payment methods and carriers of a channel mean here.")
    form = forms.MappingForm
    column_list = ("remote_value", "local_value", "kind", "channel.name")
    column_labels = {
        "remote_value": _l("The channel's word"),
        "local_value": _l("Means here"),
        "kind": _l("Kind"),
        "channel.name": _l("Channel"),
        "channel_id": _l("Channel"),
        "conf": _l("Payment"),
    }
    column_formatters = {"kind": lambda view, context, row, name: gettext(MAPPING_KINDS[row.kind])}
    column_select_related_list = (Mapping.channel,)
    column_default_sort = "remote_value"
    column_sortable_list = ("remote_value", "local_value", "kind")
    column_searchable_list = ("remote_value", "local_value")

    def visible(self, query: "Query[Any]") -> "Query[Any]":
        scope = channel_scope()
        return query if scope is None else query.filter(Mapping.channel_id.in_(scope))

    def _chosen(self) -> tuple[ChoicePill, ...]:
        kinds = [Option(kind, gettext(label)) for kind, label in MAPPING_KINDS.items()]
        names = channel_names(db.session(), channel_scope())
        shops = [Option(str(key), name) for key, name in names.items()]
        return (
            ChoicePill(
                "kind", gettext("Kind"), kinds, read_choices(request.args, "kind", list(MAPPING_KINDS))
            ),
            ChoicePill(
                "channel",
                gettext("Channel"),
                shops,
                read_choices(request.args, "channel", [o.value for o in shops]),
            ),
        )

    def pills(self) -> Sequence[Pill]:
        return self._chosen()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return _narrowed(query, self._chosen(), {"kind": Mapping.kind, "channel": Mapping.channel_id})

    def prepared(self, form: FlaskForm) -> FlaskForm:
        form.channel_id.choices = forms.choices(channel_names(db.session(), channel_scope()).items())
        form.kind.choices = forms.choices((kind, gettext(label)) for kind, label in MAPPING_KINDS.items())
        return form

    def edit_form(self, obj: Any = None) -> FlaskForm:
        form = super().edit_form(obj)
        if request.method == "GET":
            for name in ("tender", "holder", "gateway"):
                form[name].data = obj.conf.get(name, form[name].data)
        return form

    def values_of(self, form: FlaskForm) -> dict[str, Any]:
        scope = channel_scope()
        values = super().values_of(form)
        if scope is not None and values["channel_id"] not in scope:
            raise NotFound(GONE)
        conf = {name: form[name].data for name in ("tender", "holder", "gateway") if form[name].data}
        return {**values, "conf": conf}
