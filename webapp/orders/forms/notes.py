"""The form of a note on an order."""

import uuid

from flask import request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from webapp.core.ids import possible
from webapp.orders.service.notes import LONGEST_NOTE, MOST_MENTIONS, NewNote


class NoteForm(FlaskForm):
    """A note for colleagues. `submission` is the form's own number, so that a second click posts nothing more."""

    body = TextAreaField(
        lazy_gettext("Note"),
        filters=[lambda text: text.strip().replace("\0", "") if text else ""],
        validators=[
            DataRequired(lazy_gettext("Write something first.")),
            Length(
                max=LONGEST_NOTE,
                message=lazy_gettext(
                    "A note may have %(most)s characters; shorten this one.", most=f"{LONGEST_NOTE:,}"
                ),
            ),
        ],
    )
    submission = HiddenField(default=lambda: str(uuid.uuid4()))
    must_read = BooleanField(lazy_gettext("Must be read before the next action"))

    @property
    def mentions(self) -> tuple[int, ...]:
        """The ids of the ticked colleagues; what is no number counts as none."""
        given = request.form.getlist("mention", type=int) if self.is_submitted() else []
        return tuple(sorted(possible(given)))[:MOST_MENTIONS]

    def validate_submission(self, field: HiddenField) -> None:
        """Whatever is no number of ours counts as none."""
        try:
            uuid.UUID(field.data or "")
        except ValueError:
            raise ValidationError(lazy_gettext("Reload the page and post the note again.")) from None

    def to_input(self, order_id: int) -> NewNote:
        """What the service takes."""
        return NewNote(
            order_id=order_id,
            body=self.body.data,
            submission=uuid.UUID(self.submission.data),
            mentions=self.mentions,
            must_read=bool(self.must_read.data),
        )
