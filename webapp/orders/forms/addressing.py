"""The form of an address: the order's country decides its fields, the channel's columns where they go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from webapp.customers.identity import ADDRESS_FIELDS
from webapp.customers.models import Address
from webapp.customers.places import COUNTRY, Spot, district_of, province_of, provinces, read_place, with_place
from webapp.orders.addresses import Side
from webapp.orders.inputs import AddressDraft
from webapp.orders.service.address_versions import problems_of

# Of billing alone; a shipping address keeps what it has of them.
BILLING_FIELDS: Final = ("email", "tax_office", "tax_number")


def _trimmed(text: str | None) -> str:
    return " ".join((text or "").replace("\0", "").split())


def _line(label: Any, longest: int, **options: Any) -> StringField:
    # Browsers would offer the reader's own address.
    given = {"autocomplete": "off", "maxlength": longest, **options}
    return StringField(label, filters=[_trimmed], render_kw=given)


class AddressForm(FlaskForm):
    """One address. `version` and `seen` are the order's when the form was drawn: what came later is told."""

    version = HiddenField()
    seen = HiddenField()
    first_name = _line(lazy_gettext("First name"), 120)
    last_name = _line(lazy_gettext("Last name"), 120)
    company = _line(lazy_gettext("Company"), 200)
    line1 = _line(lazy_gettext("Street and number"), 300)
    line2 = _line(lazy_gettext("Street, second line"), 300)
    province = SelectField(lazy_gettext("Province"), validate_choice=False)
    district = _line(lazy_gettext("District"), 120)
    city = _line(lazy_gettext("Town"), 120)
    state = _line(lazy_gettext("State or region"), 120)
    postcode = _line(lazy_gettext("Postcode"), 20)
    phone = _line(lazy_gettext("Telephone"), 40, inputmode="tel")
    email = _line(lazy_gettext("E-mail"), 254, inputmode="email")
    tax_office = _line(lazy_gettext("Tax office"), 120)
    tax_number = _line(lazy_gettext("Tax number"), 40)
    also_billing = BooleanField(lazy_gettext("The billing address too"))

    side: Side
    before: AddressDraft

    @classmethod
    def of(cls, side: Side, address: Address) -> "AddressForm":
        """The form of this address: as it was posted, else as the address stands. In Turkey places come from lists."""
        before = AddressDraft(**{name: getattr(address, name) for name in ADDRESS_FIELDS})
        form = cls()
        form.side, form.before = side, before
        if form.in_turkey:
            form._offer_provinces()
            del form.city, form.state
        else:
            del form.province
        if side is Side.SHIPPING:
            for name in BILLING_FIELDS:
                del form[name]
        if not form.is_submitted():
            form._fill()
        return form

    @property
    def in_turkey(self) -> bool:
        """Whether provinces and districts are known."""
        return self.before.country == COUNTRY

    @property
    def districts(self) -> Sequence[str]:
        """Those of the chosen province."""
        known = province_of(self.province.data or "") if self.in_turkey else None
        return known.districts if known is not None else ()

    @property
    def expected_version(self) -> int | None:
        """The version of the order that the reader has seen."""
        return _number(self.version.data)

    @property
    def seen_entry(self) -> int:
        """The newest audit entry that the reader has seen."""
        return _number(self.seen.data) or 0

    def check(self) -> bool:
        """Whether the token holds and the place exists; what was so before may stay as it is."""
        valid = self.validate()
        wrong = problems_of({name: getattr(self.to_input(), name) for name in ADDRESS_FIELDS})
        self.refuse(wrong)
        place_is_known = self._check_place() if self.in_turkey else True
        return valid and place_is_known and not wrong

    def to_input(self) -> AddressDraft:
        """The address as typed, with what this form does not show as it was."""
        typed = {name: self[name].data or "" for name in ADDRESS_FIELDS if name in self}
        if not self.in_turkey:
            return replace(self.before, **typed)
        district, line2 = typed.pop("district"), typed.pop("line2")
        placed = with_place(self.before, self.province.data or "", district)
        if read_place(self.before).spot is not Spot.LINE2:
            return replace(placed, **typed, line2=line2)
        # The channel keeps the district in the second line; something else beside it gives it its own.
        return replace(placed, **typed, line2=line2, district=district) if line2 else replace(placed, **typed)

    def refuse(self, fields: Mapping[str, Sequence[str]], message: str = "") -> None:
        """Write each sentence at its field; one that has none here goes to the form."""
        for name, sentences in fields.items():
            here = "province" if name == "city" and self.in_turkey else name
            if here in self:
                self[here].errors = [gettext(sentences[0])]
            else:
                self.form_errors.append(gettext(sentences[0]))
        if message and not fields:
            self.form_errors.append(gettext(message))

    def _fill(self) -> None:
        for name in ADDRESS_FIELDS:
            if name in self:
                self[name].data = getattr(self.before, name)
        if self.in_turkey:
            place = read_place(self.before)
            self.province.data, self.district.data = place.province, place.district
            if place.spot is Spot.LINE2:
                self.line2.data = ""

    def _offer_provinces(self) -> None:
        names = [each.name for each in provinces().values()]
        given = read_place(self.before).province
        # A word that is no province stays choosable: it is what the order has.
        names = names if given in names else [given, *names]
        self.province.choices = [SelectChoice(name, name or gettext("Choose a province")) for name in names]

    def _check_place(self) -> bool:
        before, given = read_place(self.before), self.district.data or ""
        if (self.province.data, given) == (before.province, before.district):
            return True
        known = province_of(self.province.data or "")
        if known is None:
            self.province.errors = [gettext("Choose the province.")]
            return False
        named = district_of(known, given)
        if named is None:
            self.district.errors = [
                gettext("%(province)s has no district of this name. Choose one.", province=known.name)
            ]
            return False
        self.district.data = named
        return True


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
