"""How orders are paid, why they are cancelled, and what staff call them."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Query

from webapp.admin import forms
from webapp.admin.views.pills import active_pill, enum_pill, narrowed
from webapp.admin.writing import ReferenceView
from webapp.auth.permissions import Permission
from webapp.core.db import db
from webapp.orders.enums import PlanKind, TenderKind
from webapp.orders.models import TagColour
from webapp.orders.service.reasons import CANCELLATION_REASON
from webapp.orders.service.tags import TAG
from webapp.payments.models import Installment, PaymentOption
from webapp.payments.reference import INSTALLMENT, PAYMENT_OPTION
from webapp.ui.filters import ChoicePill, Pill


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
        return (enum_pill("tender", gettext("Kind of payment"), TenderKind), active_pill())

    def pills(self) -> Sequence[Pill]:
        return self._chosen()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return narrowed(query, self._chosen(), {"tender": self.model.tender, "active": self.model.is_active})


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
        return (enum_pill("plan_kind", gettext("For"), PlanKind), active_pill())

    def pills(self) -> Sequence[Pill]:
        return self._chosen()

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        columns = {"plan_kind": self.model.plan_kind, "active": self.model.is_active}
        return narrowed(query, self._chosen(), columns)


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
        return (active_pill(),)

    def narrowed(self, query: "Query[Any]") -> "Query[Any]":
        return narrowed(query, (active_pill(),), {"active": self.model.is_active})

    def prepared(self, form: FlaskForm) -> FlaskForm:
        form.colour.choices = forms.choices((colour.value, str(label)) for colour, label in COLOURS.items())
        return form
