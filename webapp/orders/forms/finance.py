"""The forms of finance: where a transfer goes, when a batch is carried out, what the bank said."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from webapp.orders.service.refunds.batches import LONGEST_REFERENCE


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class PayeeForm(FlaskForm):
    """Where a waiting transfer goes; the service checks the IBAN digit by digit."""

    iban = StringField(
        lazy_gettext("IBAN"),
        filters=[_trimmed],
        validators=[DataRequired(lazy_gettext("Enter the customer's IBAN.")), Length(max=60)],
    )
    holder_name = StringField(
        lazy_gettext("Account holder"),
        filters=[_trimmed],
        validators=[DataRequired(lazy_gettext("Enter the holder as the bank knows them.")), Length(max=140)],
    )


class ExportForm(FlaskForm):
    """On which day the bank is to pay; none: today."""

    execution_date = DateField(lazy_gettext("Day of payment"), validators=[Optional()])


class BankReferenceForm(FlaskForm):
    """By what the bank's statement names the batch."""

    bank_reference = StringField(
        lazy_gettext("The bank's reference"),
        filters=[_trimmed],
        validators=[
            DataRequired(lazy_gettext("Enter the reference of the bank's statement.")),
            Length(max=LONGEST_REFERENCE),
        ],
    )


class ReturnedForm(FlaskForm):
    """Why the bank did not pay a transfer, or sent it back."""

    words = TextAreaField(
        lazy_gettext("What did the bank say?"),
        filters=[_trimmed],
        validators=[DataRequired(lazy_gettext("Say what the bank said.")), Length(max=1000)],
    )
