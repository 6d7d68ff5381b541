"""The small forms of deciding: why a plan is rejected, and the evidence of money that a person has moved."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from webapp.orders.enums import RefundState


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
