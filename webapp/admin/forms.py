"""The forms of reference data, each field written out. Limits here are courtesy; the services decide."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    IntegerField,
    PasswordField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    URLField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from webapp.auth.roles import Role
from webapp.orders.enums import MoneyHolder, PlanKind, TenderKind

REQUIRED = _l("Write something here.")
CHOOSE = _l("Choose one of the list.")


def _maybe_number(value: str | None) -> int | None:
    """A select's empty value is "none chosen"."""
    return int(value) if value not in (None, "", "None") else None


def _words(enum: Any) -> list[SelectChoice]:
    return [SelectChoice(member.value, _l(member.label)) for member in enum]


def choices(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """A list's options from (value, label)."""
    return [SelectChoice(value, label) for value, label in pairs]


class CargoCompanyForm(FlaskForm):
    """A carrier."""

    slug = StringField(
        _l("Short name"),
        [DataRequired(REQUIRED), Length(max=64)],
        description=_l("For programs and mappings; it stays. Small letters, digits and hyphens."),
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])
    tracking_url_template = URLField(
        _l("Tracking page"),
        [Optional(), Length(max=500)],
        description=_l("With {n} where the tracking number goes."),
    )
    is_active = BooleanField(_l("Active"), default=True)


class PaymentOptionForm(FlaskForm):
    """A way to pay."""

    slug = StringField(
        _l("Short name"),
        [DataRequired(REQUIRED), Length(max=64)],
        description=_l("Orders carry it; it stays."),
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])
    tender = SelectField(_l("Kind of payment"), choices=_words(TenderKind))
    gateway = StringField(
        _l("Gateway"),
        [Optional(), Length(max=40)],
        description=_l("Through which money that we hold goes back."),
    )
    is_active = BooleanField(_l("Active"), default=True)


class InstallmentForm(FlaskForm):
    """A number of monthly parts."""

    payment_option_id = SelectField(_l("Payment option"), [InputRequired(CHOOSE)], coerce=_maybe_number)
    installment_count = IntegerField(_l("Instalments"), [InputRequired(REQUIRED)])
    label = StringField(_l("Label"), [Optional(), Length(max=120)])


class CancellationReasonForm(FlaskForm):
    """Why something is cancelled or comes back."""

    slug = StringField(
        _l("Short name"), [DataRequired(REQUIRED), Length(max=64)], description=_l("For programs; it stays.")
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=200)])
    plan_kind = SelectField(_l("For"), choices=_words(PlanKind))
    needs_text = BooleanField(_l("Staff must add words of their own"))
    is_active = BooleanField(_l("Active"), default=True)
    sort_order = IntegerField(_l("Place in the list"), [InputRequired(REQUIRED)], default=0)


class TagForm(FlaskForm):
    """A word that staff put on orders."""

    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=40)])
    colour = SelectField(_l("Colour"))
    is_active = BooleanField(
        _l("Active"),
        default=True,
        description=_l("Switched off, it stays where it is and goes nowhere else."),
    )


class ProductForm(FlaskForm):
    """What can be sold."""

    sku = StringField(_l("SKU"), [DataRequired(REQUIRED), Length(max=120)])
    name = StringField(_l("Name"), [Optional(), Length(max=500)])
    barcode = StringField(_l("Barcode"), [Optional(), Length(max=64)])
    image_url = URLField(_l("Picture"), [Optional(), Length(max=500)])
    data_source_id = SelectField(_l("Data source"), coerce=_maybe_number)
    is_active = BooleanField(_l("Active"), default=True)


class DataSourceForm(FlaskForm):
    """Who supplies products."""

    slug = StringField(
        _l("Short name"), [DataRequired(REQUIRED), Length(max=64)], description=_l("For programs; it stays.")
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])


class PriceListForm(FlaskForm):
    """Where a channel's prices come from."""

    code = StringField(
        _l("Code"), [DataRequired(REQUIRED), Length(max=64)], description=_l("For programs; it stays.")
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])
    currency = StringField(
        _l("Currency"),
        [DataRequired(REQUIRED), Length(min=3, max=3)],
        description=_l("Three letters such as TRY; it stays."),
    )


class StockListForm(FlaskForm):
    """A warehouse or a store."""

    code = StringField(
        _l("Code"), [DataRequired(REQUIRED), Length(max=64)], description=_l("For programs; it stays.")
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])


class MappingForm(FlaskForm):
    """What a word of a channel means here; the last three are for payment methods."""

    channel_id = SelectField(_l("Channel"), [InputRequired(CHOOSE)], coerce=_maybe_number)
    kind = SelectField(_l("Kind"))
    remote_value = StringField(_l("The channel's word"), [DataRequired(REQUIRED), Length(max=200)])
    local_value = StringField(
        _l("Means here"),
        [DataRequired(REQUIRED), Length(max=200)],
        description=_l(
            "A SKU of ours, a status number such as 400, or the short name of a payment option or carrier."
        ),
    )
    tender = SelectField(_l("Kind of payment"), choices=_words(TenderKind))
    holder = SelectField(_l("Who holds the money"), choices=_words(MoneyHolder), default=MoneyHolder.CHANNEL)
    gateway = StringField(_l("Gateway"), [Optional(), Length(max=40)])


class TickList(SelectMultipleField):
    """Several ticks; no list box that needs a key held down."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class StaffForm(FlaskForm):
    """A member of staff. The password is written once and never shown."""

    email = EmailField(
        _l("E-mail"),
        [DataRequired(REQUIRED), Length(max=254)],
        description=_l("They sign in with it; it stays."),
    )
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])
    role = SelectField(_l("Role"), choices=_words(Role))
    is_active = BooleanField(_l("May sign in"), default=True)
    limited_to_channels = BooleanField(_l("Only some channels"))
    channel_ids = TickList(_l("Channels"), coerce=int)
    new_password = PasswordField(_l("Password"), [Optional(), Length(max=1000)])
