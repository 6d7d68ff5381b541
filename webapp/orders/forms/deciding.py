"""The small forms of deciding: why a plan is rejected, and the evidence of money that a person has moved."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Self

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from webapp.orders.enums import PlanKind, RefundState, RefundWay
from webapp.orders.forms.cancelling import LONGEST_WORDS, Reason


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class RejectForm(FlaskForm):
    """Why a plan is rejected; whoever opened it reads it. `version` is the group's as it was seen."""

    version = HiddenField()
    words = TextAreaField(
        lazy_gettext("Reason"),
        filters=[_trimmed],
        validators=[DataRequired(lazy_gettext("Say why; whoever opened it will ask.")), Length(max=1000)],
    )


class EvidenceForm(FlaskForm):
    """What happened to money that a person moved, and by what it can be found again."""

    version = HiddenField()
    state = RadioField(
        lazy_gettext("What happened"),
        choices=[
            SelectChoice(RefundState.SUCCEEDED.value, lazy_gettext("The customer has the money")),
            SelectChoice(RefundState.DECLINED.value, lazy_gettext("It did not work")),
        ],
        default=RefundState.SUCCEEDED.value,
    )
    evidence = TextAreaField(
        lazy_gettext("Evidence"),
        filters=[_trimmed],
        validators=[
            DataRequired(lazy_gettext("Enter the bank's or the till's reference.")),
            Length(max=1000),
        ],
    )


class AnotherWayForm(FlaskForm):
    """How money goes back whose own way was declined; a transfer needs an account, which the service checks."""

    way = RadioField(lazy_gettext("How it goes back"), default=RefundWay.TRANSFER.value)
    iban = StringField(lazy_gettext("IBAN"), filters=[_trimmed], validators=[Length(max=60)])
    holder_name = StringField(
        lazy_gettext("Account holder"), filters=[_trimmed], validators=[Length(max=140)]
    )

    @classmethod
    def offered(cls, *, loyalty: bool) -> Self:
        """With bank transfer, and loyalty credit for whoever may give it."""
        form = cls()
        ways = (RefundWay.TRANSFER, RefundWay.LOYALTY) if loyalty else (RefundWay.TRANSFER,)
        form.way.choices = [SelectChoice(way.value, gettext(way.label)) for way in ways]
        return form


class ConfirmManyForm(FlaskForm):
    """Typing how many are meant; `submission` is the form's own number, so that a second click does nothing more."""

    submission = HiddenField()
    expected = HiddenField()
    all_matching = HiddenField()
    count = StringField(lazy_gettext("How many?"), filters=[_trimmed])

    @classmethod
    def fresh(cls, *, whole_list: bool) -> "ConfirmManyForm":
        """A form that nobody has filled in."""
        form = cls(formdata=None)
        form.submission.data = str(uuid.uuid4())
        form.all_matching.data = "1" if whole_list else ""
        return form

    def is_confirmed(self, now: int) -> bool:
        """Whether exactly the number was typed that the list has now."""
        if not self.validate():
            return False
        if self.expected.data != str(now):
            self.count.errors = [
                gettext(
                    "There are %(now)s of them now. Look at the list again and type that number.", now=now
                )
            ]
        elif self.count.data.replace(",", "").replace(".", "") != str(now):
            self.count.errors = [gettext("Type %(now)s: so many will be acted on.", now=now)]
        else:
            try:
                uuid.UUID(self.submission.data or "")
            except ValueError:
                self.count.errors = [gettext("Reload the page and try again.")]
        return not self.count.errors

    def refuse(self, fields: Mapping[str, Sequence[str]], message: str) -> None:
        """Write each sentence at its field; one that stands nowhere goes to the form."""
        for name, sentences in fields.items():
            if name in self:
                self[name].errors = [gettext(sentences[0])]
        if not any(name in self for name in fields):
            self.form_errors.append(gettext(message))


def _words() -> StringField:
    return StringField(
        lazy_gettext("In a few words"), filters=[_trimmed], validators=[Length(max=LONGEST_WORDS)]
    )


class RejectManyForm(ConfirmManyForm):
    """Why many plans are rejected; whoever opened one of them reads it."""

    words = TextAreaField(
        lazy_gettext("Reason"),
        filters=[_trimmed],
        validators=[DataRequired(lazy_gettext("Say why; whoever opened it will ask.")), Length(max=1000)],
    )


class CancelManyForm(ConfirmManyForm):
    """The reasons that hold for all of the orders, with the words that some of them ask for."""

    reason_cancel = SelectField(lazy_gettext("Reason"), default="")
    reason_text_cancel = _words()
    reason_refund = SelectField(lazy_gettext("Reason for what was shipped already"), default="")
    reason_text_refund = _words()

    def offer(self, reasons: Sequence[Reason]) -> None:
        """Give the menus what can be chosen."""
        for kind in PlanKind:
            self[f"reason_{kind.value}"].choices = [
                SelectChoice("", gettext("Choose a reason")),
                *(SelectChoice(str(each.key), each.name) for each in reasons if each.kind is kind),
            ]

    def chosen(self) -> dict[PlanKind, int]:
        """The chosen reason of each kind of plan."""
        values = {kind: self[f"reason_{kind.value}"].data or "" for kind in PlanKind}
        return {kind: int(value) for kind, value in values.items() if value.isascii() and value.isdigit()}

    def words(self) -> dict[PlanKind, str]:
        """What was typed beside each kind's reason."""
        return {kind: self[f"reason_text_{kind.value}"].data or "" for kind in PlanKind}

    def is_confirmed(self, now: int) -> bool:
        """Whether the number was typed that the list has now, and why all of it is cancelled."""
        confirmed = super().is_confirmed(now)
        if not self.chosen():
            self.reason_cancel.errors = [gettext("Choose why they are cancelled.")]
        return confirmed and bool(self.chosen())


class MoveManyForm(ConfirmManyForm):
    """Where many orders are to go, and why when it is a step back."""

    # Not `status`: that is the list's filter, which comes with the form.
    move_to = SelectField(lazy_gettext("Move to"), default="")
    move_reason = StringField(lazy_gettext("Reason"), filters=[_trimmed], validators=[Length(max=500)])

    def offer(self, targets: Sequence[tuple[str, str]]) -> None:
        """Give the menu what can be chosen: wire value and words."""
        self.move_to.choices = [
            SelectChoice("", gettext("Choose a status")),
            *(SelectChoice(value, words) for value, words in targets),
        ]

    def is_confirmed(self, now: int) -> bool:
        """Whether the number was typed that the list has now, and where all of it is to go."""
        confirmed = super().is_confirmed(now)
        if not self.move_to.data:
            self.move_to.errors = [gettext("Choose where to.")]
        return confirmed and bool(self.move_to.data)
