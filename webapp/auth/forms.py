"""The forms of signing in and of the profile. Limits here are courtesy; service.py and passwords.py decide."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, Optional

from webapp.auth.tokens import USUAL_REQUESTS
from webapp.core.errors import InvalidInput


class SignInForm(FlaskForm):
    """Who and with what; `next` is where to go on to."""

    email = EmailField(_l("E-mail"), [DataRequired(_l("Write your e-mail address.")), Length(max=254)])
    password = PasswordField(_l("Password"), [DataRequired(_l("Write your password."))])
    next = HiddenField()


class ProfileForm(FlaskForm):
    """What people may change about themselves."""

    name = StringField(_l("Name"), [DataRequired(_l("Write your name.")), Length(max=120)])
    language = SelectField(_l("Language"))
    time_zone = SelectField(_l("Time zone"))


class PasswordForm(FlaskForm):
    """The present password and the new one, twice."""

    old_password = PasswordField(_l("Present password"), [DataRequired(_l("Write your present password."))])
    new_password = PasswordField(_l("New password"), [DataRequired(_l("Write a new password."))])
    repeated = PasswordField(
        _l("New password again"),
        [DataRequired(_l("Write the new password again.")), EqualTo("new_password", _l("These two differ."))],
    )


class CodeForm(FlaskForm):
    """The second step of signing in."""

    code = StringField(_l("Code"), [DataRequired(_l("Write the code.")), Length(max=40)])
    next = HiddenField()


class ConfirmCodeForm(FlaskForm):
    """A first code of the app, and the password of whoever switches it on."""

    code = StringField(_l("Code"), [DataRequired(_l("Write the code.")), Length(max=10)])
    password = PasswordField(_l("Present password"), [DataRequired(_l("Write your present password."))])


class OwnPasswordForm(FlaskForm):
    """One's own password, for what nobody should do at a desk left open."""

    password = PasswordField(_l("Present password"), [DataRequired(_l("Write your present password."))])


def add_errors(form: FlaskForm, error: InvalidInput) -> None:
    """Put a refusal's sentences beside their fields; what names no field of the form goes to its top."""
    for name, sentences in (error.fields or {"": [error.message]}).items():
        translated = [_(sentence) for sentence in sentences]
        if name in form:
            form[name].errors = [*form[name].errors, *translated]
        else:
            form.form_errors = [*form.form_errors, *translated]


class TokenForm(FlaskForm):
    """A new API token of one's own. Which permissions and channels there are to tick, the view knows."""

    name = StringField(
        _l("Name"), [DataRequired(_l("Write a name of at most 80 characters.")), Length(max=80)]
    )
    permissions = SelectMultipleField(_l("Permissions"), [DataRequired(_l("Tick at least one permission."))])
    only_some = BooleanField(_l("Only the channels ticked below"))
    channels = SelectMultipleField(_l("Channels"))
    vendor = SelectField(_l("Vendor"), default="")
    requests_per_minute = IntegerField(
        _l("Requests per minute"),
        [InputRequired(_l("Write a number from 1 to 6,000."))],
        default=USUAL_REQUESTS,
    )
    days = IntegerField(_l("Valid for days"), [Optional()], default=365)
