"""The form that erases a customer: why, and the customer's number typed."""

import uuid

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from webapp.orders.service.erasing import ErasureReason

# Offered to people; the clock has its own.
_OFFERED = tuple(reason for reason in ErasureReason if reason is not ErasureReason.RETENTION)


class EraseForm(FlaskForm):
    """Nothing is erased by a slip: the number of the customer has to be typed."""

    reason = SelectField(lazy_gettext("Reason"), default="")
    typed = StringField(lazy_gettext("Customer number"))
    submission = HiddenField(default=lambda: str(uuid.uuid4()))

    def offer(self) -> None:
        """The reasons in the reader's words."""
        self.reason.choices = [
            SelectChoice("", gettext("Choose a reason")),
            *(SelectChoice(reason.value, gettext(reason.label)) for reason in _OFFERED),
        ]

    def is_confirmed(self, customer_id: int) -> bool:
        """Whether a reason was chosen and exactly this customer's number typed."""
        if not self.validate():
            return False
        if not self.reason.data:
            self.reason.errors = [gettext("Choose why the customer is erased.")]
        if (self.typed.data or "").strip() != str(customer_id):
            self.typed.errors = [gettext("Type %(number)s: this customer is erased.", number=customer_id)]
        try:
            uuid.UUID(self.submission.data or "")
        except ValueError:
            self.form_errors.append(gettext("Reload the page and try again."))
        return not (self.reason.errors or self.typed.errors or self.form_errors)
