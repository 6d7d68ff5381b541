"""The form that says where an item's units are reserved, or that they are not."""

from collections.abc import Sequence
from typing import Final

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice

from webapp.core.errors import InvalidInput
from webapp.orders.queries.stock import Stock

NOWHERE: Final = "none"


class StockForm(FlaskForm):
    """`version` is the order's when the form was drawn, `seen` the newest audit entry of it."""

    version = HiddenField()
    seen = HiddenField()
    stock_list = RadioField(lazy_gettext("Reserve its units in"), choices=[], validate_choice=False)

    @property
    def expected_version(self) -> int | None:
        """The version of the order that the reader has seen."""
        return _number(self.version.data)

    @property
    def seen_entry(self) -> int:
        """The newest audit entry that the reader has seen."""
        return _number(self.seen.data) or 0

    def offer(self, stocks: Sequence[Stock], current: int | None, *, as_it_is: bool) -> None:
        """Give the choice its lists; `as_it_is` chooses what holds now."""
        self.stock_list.choices = [
            *(SelectChoice(str(each.list_id), each.name) for each in stocks),
            SelectChoice(NOWHERE, gettext("Nowhere: let the stock go")),
        ]
        if as_it_is:
            self.stock_list.data = NOWHERE if current is None else str(current)

    def to_input(self) -> int | None:
        """The chosen list, None for nowhere. Raises InvalidInput for what was not offered."""
        if self.stock_list.data not in {choice.value for choice in self.stock_list.choices}:
            sentence = gettext("Choose one of the list.")
            raise InvalidInput(sentence, fields={"stock_list": [sentence]})
        return _number(self.stock_list.data)

    def refuse(self, sentence: str) -> None:
        """Write it at the choice."""
        self.stock_list.errors = [gettext(sentence)]


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 19
    return int(text or 0) if is_number else None
