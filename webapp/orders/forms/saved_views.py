"""The form of a saved view: its name, whose it is, and whether it takes over the list as it is shown."""

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, StringField
from wtforms.validators import DataRequired, Length

from webapp.orders.service.saved_views import LONGEST_NAME


class ViewForm(FlaskForm):
    """`name_` and not `name`: the words of the list come with the form."""

    view_name = StringField(
        lazy_gettext("Name"),
        [
            DataRequired(lazy_gettext("Write something here.")),
            Length(max=LONGEST_NAME, message=lazy_gettext("This is too long.")),
        ],
    )
    is_shared = BooleanField(lazy_gettext("Everybody sees it"))
    take_over = BooleanField(lazy_gettext("Keep the list as it is shown now: filters, sort and columns"))
    view_version = HiddenField()

    def seen(self) -> int | None:
        """The version that the form was opened on."""
        text = self.view_version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
