"""The form that decides a customer's or channel's wishes to cancel items of one order."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from webapp.orders.cancellation import ReasonChoice
from webapp.orders.enums import PlanKind
from webapp.orders.forms.cancelling import LONGEST_WORDS, Reason


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class WishForm(FlaskForm):
    """What every order's form has; `wish_form` adds a tick and a version for each wish, and the missing reasons."""

    words = TextAreaField(
        lazy_gettext("Why not, or a remark on the reason"),
        filters=[_trimmed],
        validators=[Length(max=LONGEST_WORDS)],
    )

    wishes: Sequence[int]
    reasons: Mapping[int, Reason]

    def ticked(self) -> dict[int, int]:
        """The ticked wishes with the version that was looked at."""
        return {
            wish: int(self[f"version-{wish}"].data)
            for wish in self.wishes
            if self[f"wish-{wish}"].data and (self[f"version-{wish}"].data or "").isdecimal()
        }

    def chosen_reasons(self) -> list[ReasonChoice]:
        """The reasons for wishes that came without one."""
        found = []
        for kind in PlanKind:
            name = f"reason_{kind.value}"
            value = self[name].data if name in self else ""
            if value:
                reason = self.reasons[int(value)]
                found.append(ReasonChoice(reason.key, kind, reason.needs_text, text=self.words.data or ""))
        return found

    def refuse(self, fields: Mapping[str, Sequence[str]], message: str) -> None:
        """Write each sentence at its field; one that stands nowhere goes to the form."""
        for name, sentences in fields.items():
            word = name.partition("-")[0]
            target = next((f"reason_{kind.value}" for kind in PlanKind if f"reason_{kind.value}" in self), "")
            if word == "reason" and target:
                self[target].errors = [gettext("Choose a reason.")]
            elif name in self:
                self[name].errors = [gettext(sentences[0])]
            else:
                self.form_errors.extend(gettext(sentence) for sentence in sentences)
        if not fields:
            self.form_errors.append(gettext(message))


def wish_form(
    versions: Mapping[int, int], reasons: Sequence[Reason], kinds_without_reason: Sequence[PlanKind]
) -> WishForm:
    """The form of one order, filled with what came in or with every wish ticked."""
    fields: dict[str, Any] = {}
    for kind in kinds_without_reason:
        offered = [reason for reason in reasons if reason.kind is kind]
        label = lazy_gettext("Reason") if kind is PlanKind.CANCEL else lazy_gettext("Reason of the return")
        fields[f"reason_{kind.value}"] = SelectField(
            label,
            choices=[
                SelectChoice("", gettext("Choose a reason")),
                *(SelectChoice(str(reason.key), reason.name) for reason in offered),
            ],
        )
    for wish, version in versions.items():
        fields[f"wish-{wish}"] = BooleanField(default=True)
        fields[f"version-{wish}"] = HiddenField(default=str(version))
    form: WishForm = type("OrderWishForm", (WishForm,), fields)()
    form.wishes, form.reasons = list(versions), {reason.key: reason for reason in reasons}
    return form
