"""The form that packs an order: parcels side by side, and how many units of each item go into which."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from webapp.core.errors import InvalidInput
from webapp.orders.inputs import PackageDraft

MOST: Final = 20  # parcels on one form
_QUANTITY: Final = 12  # characters of a quantity


@dataclass(frozen=True, slots=True)
class Packed:
    """A parcel as it stands, to begin with: units by item, its carrier and number."""

    contents: Mapping[int, Decimal] = field(default_factory=dict)
    cargo_company_id: int | None = None
    tracking_number: str = ""


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class PackForm(FlaskForm):
    """What every order's form has; `pack_form` adds the fields of its parcels and items.

    `parcels` says how many parcels the form has, `version` and `seen` what the reader has seen.
    """

    version = HiddenField()
    seen = HiddenField()
    parcels = HiddenField()

    keys: Sequence[int]
    numbers: Sequence[int]

    @property
    def expected_version(self) -> int | None:
        """The version of the order that the reader has seen."""
        return _number(self.version.data)

    @property
    def seen_entry(self) -> int:
        """The newest audit entry that the reader has seen."""
        return _number(self.seen.data) or 0

    def to_input(self) -> list[PackageDraft]:
        """The parcels that hold something. Raises InvalidInput for what is no quantity, and when all are empty."""
        drafts = [draft for at in self.numbers if (draft := self._draft(at)) is not None]
        if not drafts:
            raise _wrong("parcels", gettext("Pack at least one item."))
        return drafts

    def refuse(self, fields: Mapping[str, Sequence[str]], message: str) -> None:
        """Write each sentence at its field; one that stands nowhere goes to the form."""
        known = False
        for name, sentences in fields.items():
            found = self._field(name)
            if found is not None:
                found.errors = [gettext(sentences[0])]
                known = True
        if not known:
            self.form_errors.append(gettext(message))

    def _draft(self, at: int) -> PackageDraft | None:
        contents = {key: quantity for key in self.keys if (quantity := self._quantity(key, at))}
        number = self[f"tracking_number-{at}"].data or ""
        if not contents and not number:
            return None
        return PackageDraft(
            contents,
            cargo_company_id=_number(self[f"cargo_company-{at}"].data),
            tracking_number=number,
            has_left=bool(self[f"has_left-{at}"].data),
        )

    def _quantity(self, key: int, at: int) -> Decimal:
        name = f"quantity-{key}-{at}"
        text = (self[name].data or "0").replace(",", ".")
        try:
            quantity = Decimal(text)
        except InvalidOperation:
            quantity = Decimal(-1)
        if not quantity.is_finite() or quantity < 0:
            raise _wrong(name, gettext("Enter how many, or leave it empty."))
        return quantity

    def _field(self, name: str) -> Field | None:
        word, _, key = name.partition("-")
        if word == "items" and key:
            name = f"quantity-{key}-{self.numbers[0]}"
        if word == "package":
            name = f"tracking_number-{key}"
        found: Field | None = self[name] if name in self else None  # noqa: SIM401 - a form has no get()
        return found


def asked_parcels(text: str | None, more: int = 0) -> int:
    """How many parcels the form that came in has, within reason."""
    return max(1, min(MOST, (_number(text) or 1) + more))


def pack_form(
    keys: Sequence[int], packed: Sequence[Packed], carriers: Iterable[tuple[int, str]], *, parcels: int | None
) -> PackForm:
    """The form of one order. `packed` is what it begins with; `parcels` is given when it comes back."""
    numbers = range(1, (parcels or max(1, len(packed))) + 1)
    choices = [
        SelectChoice("", gettext("The order's carrier")),
        *(SelectChoice(str(key), name) for key, name in carriers),
    ]
    fields: dict[str, Any] = {}
    for at in numbers:
        begins = packed[at - 1] if at <= len(packed) else Packed()
        fields |= _parcel_fields(at, begins, choices, keys)
    form: PackForm = type("OrderPackForm", (PackForm,), fields)()
    form.keys, form.numbers = keys, numbers
    form.parcels.data = str(len(numbers))
    return form


def _parcel_fields(
    at: int, begins: Packed, choices: list[SelectChoice], keys: Sequence[int]
) -> dict[str, Any]:
    carrier = "" if begins.cargo_company_id is None else str(begins.cargo_company_id)
    fields: dict[str, Any] = {
        f"cargo_company-{at}": SelectField(lazy_gettext("Carrier"), choices=choices, default=carrier),
        f"tracking_number-{at}": StringField(
            lazy_gettext("Tracking number"),
            filters=[_trimmed],
            default=begins.tracking_number,
            validators=[Length(max=64)],
        ),
        f"has_left-{at}": BooleanField(lazy_gettext("It has left: move its items to Shipped")),
    }
    for key in keys:
        quantity = begins.contents.get(key)
        fields[f"quantity-{key}-{at}"] = StringField(
            lazy_gettext("Quantity"),
            filters=[_trimmed],
            default="" if quantity is None else f"{quantity.normalize():f}",
            validators=[Length(max=_QUANTITY)],
        )
    return fields


def _wrong(name: str, sentence: str) -> InvalidInput:
    return InvalidInput(str(sentence), fields={name: [str(sentence)]})


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 19
    return int(text or 0) if is_number else None
