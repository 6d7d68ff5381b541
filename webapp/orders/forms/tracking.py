"""The forms of tracking uploads: the file, and which of its columns is which."""

from collections.abc import Mapping, Sequence
from typing import Final

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, HiddenField, SelectField

from webapp.orders.tracking_file.columns import REQUIRED, Field

NOT_THERE: Final = -1


class UploadForm(FlaskForm):
    """A carrier's spreadsheet."""

    file = FileField(lazy_gettext("Spreadsheet"))

    def refuse(self, sentence: str) -> "UploadForm":
        """Say at the field what is wrong with the file."""
        self.file.errors = [sentence]
        return self


def _column(field: Field) -> SelectField:
    # Checked by the service, which knows how many columns the file has.
    return SelectField(lazy_gettext(field.label), coerce=int, validate_choice=False)


class ColumnsForm(FlaskForm):
    """Which column holds what; `version` is the upload as it was seen."""

    version = HiddenField()
    has_header = BooleanField(lazy_gettext("The first row names the columns"))
    order_number = _column(Field.ORDER_NUMBER)
    tracking_number = _column(Field.TRACKING_NUMBER)
    item = _column(Field.ITEM)
    quantity = _column(Field.QUANTITY)
    carrier = _column(Field.CARRIER)
    tracking_url = _column(Field.TRACKING_URL)
    ship_date = _column(Field.SHIP_DATE)

    @property
    def columns(self) -> list[SelectField]:
        """The choices, the required ones first."""
        return [self[field.value] for field in Field]

    def offer(self, titles: Sequence[str], width: int) -> None:
        """The columns of the file by letter and title; those that need not be there can be left out."""
        names = [titles[at] if at < len(titles) else "" for at in range(max(width, len(titles)))]
        self.letters = [_letter(at) for at in range(len(names))]
        choices = [
            (at, f"{letter} · {name}" if name else letter)
            for at, (letter, name) in enumerate(zip(self.letters, names, strict=True))
        ]
        for field in Field:
            first = gettext("Choose a column") if field in REQUIRED else gettext("Not in the file")
            self[field.value].choices = [(NOT_THERE, first), *choices]

    def show(self, columns: Mapping[Field, int], *, has_header: bool, version: int) -> None:
        """What is chosen now."""
        for field in Field:
            self[field.value].data = columns.get(field, NOT_THERE)
        self.has_header.data = has_header
        self.version.data = str(version)

    def chosen(self) -> dict[Field, int]:
        """What was chosen; a number that is none is left out."""
        found = {field: self[field.value].data for field in Field}
        return {field: at for field, at in found.items() if isinstance(at, int) and at != NOT_THERE}

    def refuse(self, problems: Mapping[str, list[str]]) -> None:
        """Say at each field what is wrong with it."""
        for name, sentences in problems.items():
            self[name].errors = [gettext(sentences[0])]


def _letter(at: int) -> str:
    """A, B, … as spreadsheets name columns; at most 26 of them are offered."""
    return chr(ord("A") + at)
