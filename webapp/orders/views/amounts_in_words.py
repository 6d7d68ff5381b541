"""Amounts inside sentences that were written before anybody knew who reads them: `1234.5 TRY` as the reader writes it."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from webapp.ui.formatting import amount_text

_AMOUNT: Final = r"-?\d{1,15}(?:\.\d{1,4})?"
_FIGURE: Final = re.compile(_AMOUNT)


def with_amounts(text: str, currency: str) -> str:
    """The sentence with every amount of this currency in the reader's own way; all other figures stay.

    An amount is what stands before the currency, and what is counted up before it: `discount 25.00, interest 12.3
    and shipping 8.5 TRY`.
    """
    if not currency or currency not in text:
        return text
    return _runs(currency).sub(lambda run: _FIGURE.sub(lambda one: _written(one[0], currency), run[0]), text)


def one_amount(value: str, currency: str) -> str:
    """A value that is an amount and nothing else; anything else stays as it is."""
    return _written(value, currency) if currency and re.fullmatch(_AMOUNT, value) else value


def _written(figure: str, currency: str) -> str:
    return amount_text(Decimal(figure), currency)


@lru_cache(maxsize=64)
def _runs(currency: str) -> re.Pattern[str]:
    # Not within a longer word or figure: an order's number, a time, an amount that is written for a reader already.
    counted_up = rf"(?:(?:, | and )[a-z]+ {_AMOUNT})*"
    return re.compile(rf"(?<![\w.,:−-]){_AMOUNT}{counted_up}(?= {re.escape(currency)}\b)")
