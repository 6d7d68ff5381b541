"""The form that closes what somebody has looked into: an entry of the attention page, a difference with a bank."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

LONGEST_WORDS = 1_000


class ClosingForm(FlaskForm):
    """What was found out about an entry."""

    words = TextAreaField(
        lazy_gettext("What did you find out?"),
        filters=[lambda text: (text or "").replace("\0", "").strip()],
        validators=[
            DataRequired(lazy_gettext("Say what you found out; whoever looks next will want to know.")),
            Length(max=LONGEST_WORDS),
        ],
    )
