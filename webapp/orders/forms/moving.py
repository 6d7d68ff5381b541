"""The form that moves items of an order: which, where to, and why when it is a step back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from webapp.core.errors import InvalidInput
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import MoveItems

LONGEST_REASON: Final = 500


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class MoveForm(FlaskForm):
    """What every order's form has; `move_form` adds a tick for each item and the statuses that can be chosen.

    `version` is the order's when the form was drawn, `seen` the newest audit entry of it: what came later is told.
    """

    version = HiddenField()
    seen = HiddenField()
    status = RadioField(lazy_gettext("Move to"), choices=[], validate_choice=False)
    reason = StringField(lazy_gettext("Reason"), filters=[_trimmed], validators=[Length(max=LONGEST_REASON)])

    keys: Sequence[int]

    @property
    def expected_version(self) -> int | None:
        """The version of the order that the reader has seen."""
        return _number(self.version.data)

    @property
    def seen_entry(self) -> int:
        """The newest audit entry that the reader has seen."""
        return _number(self.seen.data) or 0

    def taken(self) -> list[int]:
        """The items that are ticked."""
        return [key for key in self.keys if self[f"items-{key}"].data]

    def offer(self, statuses: Sequence[OrderStatus]) -> None:
        """Give the choice what can be chosen; what was chosen and can be no more is forgotten."""
        self.status.choices = [SelectChoice(each.wire, gettext(each.label)) for each in statuses]
        if self.status.data not in {each.wire for each in statuses}:
            self.status.data = statuses[0].wire if len(statuses) == 1 else None

    def to_input(self) -> MoveItems:
        """What the service takes. Raises InvalidInput when nothing is ticked or no status chosen."""
        taken = self.taken()
        if not taken:
            raise _missing("items", gettext("Tick what is to be moved."))
        if not self.status.data:
            raise _missing("status", gettext("Choose where to."))
        chosen = None if len(taken) == len(self.keys) else frozenset(taken)
        return MoveItems(OrderStatus.from_wire(self.status.data), chosen, self.reason.data or "")

    def refuse(self, fields: Mapping[str, Sequence[str]], message: str) -> None:
        """Write each sentence at its field; one that stands nowhere goes to the form."""
        known = {name: self[name] for name in ("status", "reason")}
        if self.keys:
            known["items"] = self[f"items-{self.keys[0]}"]
        for name, sentences in fields.items():
            if name in known:
                known[name].errors = [gettext(sentences[0])]
        if not any(name in known for name in fields):
            self.form_errors.append(gettext(message))


def move_form(keys: Sequence[int]) -> MoveForm:
    """The form of one order, filled with what came in or with everything ticked."""
    fields: dict[str, Any] = {f"items-{key}": BooleanField(default=True) for key in keys}
    form: MoveForm = type("OrderMoveForm", (MoveForm,), fields)()
    form.keys = keys
    return form


def _missing(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(str(sentence), fields={field: [str(sentence)]})


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 19
    return int(text or 0) if is_number else None
