"""Forms of sharing the work: who looks after an order until when, and tags on many orders."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from webapp.orders.service.assigning import Assignment

NOBODY = ""


class AssignForm(FlaskForm):
    """To whom, and until when; `version` is the assignment that the form was opened on."""

    staff = SelectField(lazy_gettext("Looked after by"), default=NOBODY)
    due_on = DateField(lazy_gettext("Due on"), validators=[Optional()])
    version = HiddenField()

    def offer(self, people: Iterable[Any], mine: int) -> None:
        """The reader first, then their colleagues by name."""
        names = {str(each.id): each.name for each in people}
        mine_first = sorted(names.items(), key=lambda item: (item[0] != str(mine),))
        self.staff.choices = [
            SelectChoice(NOBODY, gettext("Nobody")),
            *(
                SelectChoice(key, gettext("%(name)s (me)", name=name) if key == str(mine) else name)
                for key, name in mine_first
            ),
        ]

    def to_input(self) -> Assignment:
        """What the service takes."""
        day: date | None = self.due_on.data
        return Assignment(int(self.staff.data), day) if self.staff.data else Assignment(None)

    def seen(self) -> int | None:
        """The version that the form was opened on."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class ManyOrders(FlaskForm):
    """What every deed over many orders carries: how many were shown, and the form's own number."""

    expected = HiddenField()
    submission = HiddenField(default=lambda: str(uuid.uuid4()))
    all_matching = HiddenField()

    def is_still(self, now: int) -> bool:
        """Whether the list has as many orders as when the form was shown, and the form a number of its own."""
        if self.expected.data != str(now):
            words = gettext("There are %(now)s of them now. Look at the list again, then confirm.", now=now)
            self.form_errors.append(words)
        try:
            uuid.UUID(self.submission.data or "")
        except ValueError:
            self.form_errors.append(gettext("Reload the page and try again."))
        return not self.form_errors


class AssignManyForm(ManyOrders, AssignForm):
    """The same person and day for many orders."""


class TagManyForm(ManyOrders):
    """One tag for many orders, put on or taken off."""

    # Not "tag": the list's filter of that name comes with the form.
    put_tag = SelectField(lazy_gettext("Tag"))
    deed = RadioField(lazy_gettext("What to do"), default="add")

    def offer(self, tags: Iterable[Any]) -> None:
        """The tags in use."""
        self.put_tag.choices = [SelectChoice(str(each.id), each.name) for each in tags]
        self.deed.choices = [
            SelectChoice("add", gettext("Put it on")),
            SelectChoice("remove", gettext("Take it off")),
        ]
