"""The form for what a vendor says of its items: which, where they stand, in which parcel."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import Length

from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import VendorWord
from webapp.orders.service.vendor_order_service import VENDOR_SAYS


class VendorForm(FlaskForm):
    """What every vendor's form has; `vendor_form` adds a tick for each item. `version` is the vendor order's."""

    version = HiddenField()
    status = SelectField(lazy_gettext("They stand at"), validate_choice=False)
    tracking_number = StringField(
        lazy_gettext("Tracking number"),
        filters=[lambda text: (text or "").replace("\0", "").strip()],
        validators=[Length(max=64)],
    )
    cargo_company_id = SelectField(lazy_gettext("Carrier"), validate_choice=False)

    keys: Sequence[int]

    @property
    def expected_version(self) -> int | None:
        """The version of the vendor order that the reader has seen."""
        text = str(self.version.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def to_input(self) -> VendorWord:
        """What the service takes; a status or carrier that is none of those offered counts as not chosen."""
        wires = {status.wire for status in VENDOR_SAYS}
        chosen = self.cargo_company_id.data
        known = {str(key) for key, _ in self.cargo_company_id.choices or () if key}
        return VendorWord(
            status=OrderStatus.from_wire(self.status.data) if self.status.data in wires else None,
            items=frozenset(key for key in self.keys if self[f"items-{key}"].data),
            tracking_number=self.tracking_number.data or "",
            cargo_company_id=int(chosen) if chosen in known else None,
        )

    def refuse(self, fields: Mapping[str, Sequence[str]], message: str) -> None:
        """Write each sentence at its field; one that stands nowhere goes to the form."""
        known = {name: self[name] for name in ("status", "tracking_number", "cargo_company_id")}
        if self.keys:
            known["items"] = self[f"items-{self.keys[0]}"]
        for name, sentences in fields.items():
            if name in known:
                known[name].errors = [gettext(sentences[0])]
        if not any(name in known for name in fields):
            self.form_errors.append(gettext(message))


def vendor_form(keys: Sequence[int], carriers: Iterable[tuple[int, str]]) -> VendorForm:
    """The form of one vendor's part, filled with what came in or with everything ticked."""
    fields: dict[str, Any] = {f"items-{key}": BooleanField(default=True) for key in keys}
    form: VendorForm = type("VendorPartForm", (VendorForm,), fields)()
    form.keys = keys
    form.status.choices = [
        ("", gettext("As now")),
        *((each.wire, gettext(each.label)) for each in VENDOR_SAYS),
    ]
    form.cargo_company_id.choices = [("", "—"), *((str(key), name) for key, name in carriers)]
    return form
