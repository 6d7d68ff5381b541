"""The forms of channels: which orders to fetch, the settings and credentials of a channel, a word that needs a meaning."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
    URLField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from webapp.channels.base import ChannelType
from webapp.channels.fetching import FetchOrders
from webapp.channels.reference import MAPPING_KINDS
from webapp.core.errors import InvalidInput
from webapp.core.text import N_
from webapp.orders.enums import AddressOwnership

REQUIRED = _l("Write something here.")
NUMBER = _l("Write a whole number.")
DAY = _l("Write a day such as 2026-11-23.")
LONGEST_NUMBER = 64
CREDENTIAL = "credential_"
SETTING = "setting_"
REMOVE = "remove_"


class BackfillForm(FlaskForm):
    """Which orders to fetch. Fields of another choice than the ticked one are kept, and ignored."""

    which = RadioField(
        _l("Which orders"),
        choices=[
            SelectChoice("days", _l("Placed in these days")),
            SelectChoice("before", _l("Placed before a day")),
            SelectChoice("numbers", _l("These order numbers")),
            SelectChoice("after", _l("After an order")),
            SelectChoice("all", _l("All orders of the channel")),
        ],
        default="days",
    )
    start_date = DateField(_l("First day"), [Optional()])
    end_date = DateField(_l("Last day"), [Optional()])
    created_before = DateField(_l("Before this day"), [Optional()])
    order_numbers_to_fetch = TextAreaField(_l("Order numbers"), [Length(max=70_000)])
    order_id = StringField(_l("The channel's number of that order"), [Length(max=64)])
    dry_run = BooleanField(_l("Only show what would change"))

    def to_input(self, zone: ZoneInfo) -> FetchOrders:
        """The wish; days are whole days in the reader's time zone. Raises InvalidInput with sentences for the fields."""
        dry_run = bool(self.dry_run.data)
        match self.which.data:
            case "days":
                return self._days(zone, dry_run)
            case "before":
                day = _given("created_before", self.created_before.data)
                return FetchOrders(created_before=_midnight(day, zone) - _A_MOMENT, dry_run=dry_run)
            case "numbers":
                return FetchOrders(order_numbers_to_fetch=self._numbers(), dry_run=dry_run)
            case "after":
                return FetchOrders(
                    order_id=_given("order_id", (self.order_id.data or "").strip()), dry_run=dry_run
                )
            case _:
                return FetchOrders(fetch_all_orders=True, dry_run=dry_run)

    def _days(self, zone: ZoneInfo, dry_run: bool) -> FetchOrders:
        first, last = self.start_date.data, self.end_date.data
        if first is None and last is None:
            raise _refuse("start_date", N_("Give the first day, the last day, or both."))
        return FetchOrders(
            start_date=_midnight(first, zone) if first else None,
            # The channel's bounds are inclusive: the last moment of the day.
            end_date=_midnight(last + timedelta(days=1), zone) - _A_MOMENT if last else None,
            dry_run=dry_run,
        )

    def _numbers(self) -> tuple[str, ...]:
        text = (self.order_numbers_to_fetch.data or "").replace(",", " ").replace(";", " ")
        numbers = tuple(dict.fromkeys(text.split()))
        if not numbers:
            raise _refuse("order_numbers_to_fetch", N_("Write at least one order number."))
        if any(len(number) > LONGEST_NUMBER for number in numbers):
            raise _refuse("order_numbers_to_fetch", N_("One of these is too long to be an order number."))
        return numbers


_A_MOMENT = timedelta(seconds=1)  # Shops stamp orders in whole seconds.


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    if not 1970 <= day.year <= 9000:
        raise _refuse("start_date", N_("Choose a year that orders can have."))
    return datetime.combine(day, time.min, zone)


def _given(name: str, value: Any) -> Any:
    if not value:
        raise _refuse(name, N_("Write something here."))
    return value


def _refuse(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, fields={name: [sentence]})


class ChannelFields(FlaskForm):
    """What every channel has, whatever its type. Credentials and settings of the type are added by `channel_form`."""

    version = HiddenField()
    name = StringField(_l("Name"), [DataRequired(REQUIRED), Length(max=120)])
    base_url = URLField(_l("Address"), [DataRequired(REQUIRED), Length(max=500)])
    is_active = BooleanField(_l("Active"), default=True)
    pull_minutes = IntegerField(_l("Minutes between pulls"), [InputRequired(NUMBER)], default=5)
    reread_minutes = IntegerField(
        _l("Minutes between re-reads of open orders"), [InputRequired(NUMBER)], default=60
    )
    requests_per_minute = IntegerField(_l("Requests a minute"), [InputRequired(NUMBER)], default=240)
    address_ownership = SelectField(
        _l("Addresses"),
        choices=[SelectChoice(member.value, _l(member.label)) for member in AddressOwnership],
        default=AddressOwnership.MIRROR,
    )

    def credentials(self) -> dict[str, str | None]:
        """What was typed; None for one that is to be taken away."""
        typed: dict[str, str | None] = {
            name.removeprefix(CREDENTIAL): field.data
            for name, field in self._fields.items()
            if name.startswith(CREDENTIAL) and field.data
        }
        removed = [
            name.removeprefix(REMOVE)
            for name, field in self._fields.items()
            if name.startswith(REMOVE) and field.data
        ]
        return {**typed, **dict.fromkeys(removed)}

    def settings(self) -> dict[str, str]:
        """The adapter's settings as typed."""
        return {
            name.removeprefix(SETTING): field.data or ""
            for name, field in self._fields.items()
            if name.startswith(SETTING)
        }


def channel_form(kind: ChannelType, stored: frozenset[str] = frozenset()) -> type[ChannelFields]:
    """The form of a channel of this type. `stored` names the credentials it has: they are never shown again."""
    fields: dict[str, Any] = {}
    for credential in kind.credential_fields:
        hint = (
            _l("Stored. Leave it empty to keep it.") if credential.name in stored else _hint(credential.hint)
        )
        field_type = PasswordField if credential.is_secret else StringField
        fields[CREDENTIAL + credential.name] = field_type(
            _l(credential.label), [Length(max=500)], description=hint
        )
        if credential.name in stored and not credential.is_required:
            fields[REMOVE + credential.name] = BooleanField(
                _l("Take away: %(name)s", name=_l(credential.label))
            )
    for name, default in kind.settings.items():
        label, said = SETTING_WORDS.get(name, (name, ""))
        choices = kind.setting_choices.get(name)
        fields[SETTING + name] = (
            StringField(
                _l(label), [Length(max=500)], description=_hint(said), render_kw={"placeholder": default}
            )
            if choices is None
            else SelectField(
                _l(label),
                # Left at its default nothing is kept; what is none of these the adapter refuses in its words.
                choices=[
                    SelectChoice("" if value == default else value, _l(means))
                    for value, means in choices.items()
                ],
                default="",
                validate_choice=False,
                description=_hint(said),
            )
        )
    return type("ChannelForm", (ChannelFields,), fields)


def _hint(words: str) -> Any:
    return _l(words) if words else ""


# Label and hint of adapters' settings.
SETTING_WORDS: dict[str, tuple[str, str]] = {
    "completed_means": (
        N_("“Completed” means"),
        N_("What the shop's last status says of the goods."),
    ),
    "time_zone": (
        N_("The shop's time zone"),
        N_("For old shops that give no times in UTC, such as Europe/Istanbul."),
    ),
    "oauth_signature": (N_("Signature over plain http"), ""),
    "start_from": (N_("First pull reads from"), N_("A day such as 2026-01-31; empty reads everything.")),
    "reread_days": (N_("Days back for re-reads"), N_("Open orders that are older are a matter for people.")),
    "acknowledge": (N_("Tell the shop that an order has arrived"), ""),
    "tracking_note": (
        N_("Note with a tracking number"),
        N_(
            "What the customer reads when the shop has no place for numbers; {carrier}, {number} and {url} are put in."
        ),
    ),
}


def form_names(error: InvalidInput, form: ChannelFields) -> InvalidInput:
    """The refusal with the form's names for credentials and settings; its own sentence goes on top if no field says it."""
    said = [sentence for sentences in error.fields.values() for sentence in sentences]
    fields = {} if error.message in said else {"": [error.message]}
    for name, sentences in error.fields.items():
        known = [prefix + name for prefix in ("", CREDENTIAL, SETTING) if prefix + name in form]
        fields[known[0] if known else name] = sentences
    return InvalidInput(error.message, fields=fields)


class WordForm(FlaskForm):
    """What a word of the channel means here."""

    kind = SelectField(
        _l("What it is"), choices=[SelectChoice(kind, _l(label)) for kind, label in MAPPING_KINDS.items()]
    )
    remote_value = StringField(_l("The channel's word"), [DataRequired(REQUIRED), Length(max=200)])
    local_value = StringField(_l("Means here"), [Length(max=200)])
