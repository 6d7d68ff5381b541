"""The form of a webhook; which channels there are to tick, the view knows."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectMultipleField, StringField, URLField
from wtforms.validators import DataRequired, Length

from webapp.events.names import EventName
from webapp.webhooks.subscriptions import LONGEST_DESCRIPTION, LONGEST_URL, Wish


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\0", "").strip()


class WebhookForm(FlaskForm):
    """Limits here are courtesy; subscriptions.py decides."""

    url = URLField(
        _l("Address"),
        filters=[_trimmed],
        validators=[DataRequired(_l("Write the address that is to be told.")), Length(max=LONGEST_URL)],
    )
    description = StringField(
        _l("Description"), filters=[_trimmed], validators=[Length(max=LONGEST_DESCRIPTION)]
    )
    events = SelectMultipleField(_l("Events"), [DataRequired(_l("Tick at least one event."))])
    channels = SelectMultipleField(_l("Channels"))
    version = HiddenField()

    def to_input(self) -> Wish:
        """What was wished for."""
        return Wish(
            url=self.url.data,
            events=tuple(EventName(name) for name in self.events.data),
            channels=tuple(int(key) for key in self.channels.data or ()),
            description=self.description.data,
        )

    @property
    def seen_version(self) -> int:
        """The version that the form was drawn from; 0 for one that nobody gave."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() else 0
