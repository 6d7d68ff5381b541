"""The forms of accounts at carriers. Limits here are courtesy; the services decide."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, SelectField, URLField
from wtforms.validators import DataRequired, Length

from webapp.cargo.account_changes import AccountChange

REQUIRED = _l("Write something here.")
LONGEST_URL = 500
LONGEST_KEY = 500


class ConnectForm(FlaskForm):
    """Which carrier, where it is and the key; the view knows which carriers there are."""

    carrier = SelectField(_l("Carrier"), [DataRequired(_l("Choose a carrier."))])
    base_url = URLField(_l("Address"), [DataRequired(REQUIRED), Length(max=LONGEST_URL)])
    api_key = PasswordField(_l("Key"), [DataRequired(_l("Enter the key.")), Length(max=LONGEST_KEY)])


class AccountForm(FlaskForm):
    """How a connected carrier is reached. The stored key is never shown; left empty it stays."""

    version = HiddenField()
    base_url = URLField(_l("Address"), [DataRequired(REQUIRED), Length(max=LONGEST_URL)])
    api_key = PasswordField(_l("Key"), [Length(max=LONGEST_KEY)])

    def to_input(self) -> AccountChange:
        """What was typed, on the version that was looked at; 0 for one that nobody gave."""
        seen = self.version.data or ""
        version = int(seen) if seen.isascii() and seen.isdigit() else 0
        return AccountChange(version, self.base_url.data or "", self.api_key.data or "")
