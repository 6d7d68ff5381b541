"""One row of a mapped sheet, its cells read: numbers as text with every digit, quantities, days, addresses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from webapp.orders.tracking_file.columns import Field, Mapped
from webapp.orders.tracking_file.verdicts import Verdict

LONGEST_NUMBER: Final = 64  # characters; what order_item.tracking_number holds
SHORTEST_NUMBER: Final = (
    4  # no carrier gives shorter ones: a quantity or a day of the month stands in the column
)
LONGEST_URL: Final = 500
# 7.28003E+15, 7,28003E+15, 7E15: a spreadsheet has thrown the other digits away. 1234E56 is a number that has a letter.
_ROUNDED: Final = re.compile(r"[+-]?(?:\d{1,3}(?:[.,]\d+)?e\+|\d{1,3}[.,]\d+e|\de)\d{1,3}", re.IGNORECASE)
# What pages and messengers leave in a text that is copied from them: marks of direction, joiners, soft hyphens.
_INVISIBLE: Final = dict.fromkeys(
    (0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A))
)
_TRACKING: Final = re.compile(r"[A-Z0-9][A-Z0-9./_-]*", re.IGNORECASE)
_ISO_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_QUANTITY: Final = re.compile(r"\d{1,9}(?:[.,]\d{1,3})?")
_DAYS: Final = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d-%m-%Y",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row with a meaning; `problem` is why it cannot be taken whatever the orders say, `fact` what it is about."""

    order_number: str
    tracking_number: str
    item: str = ""
    quantity: Decimal | None = None
    carrier: str = ""
    tracking_url: str = ""
    shipped_at: datetime | None = None
    problem: Verdict | None = None
    fact: str = ""


def read_row(cells: Sequence[str], mapped: Mapped, zone: ZoneInfo) -> ReadRow:
    """The row by the columns' meaning. Days without an hour are noon in `zone`, the uploader's."""

    def cell(field: Field) -> str:
        at = mapped.get(field)
        return " ".join(cells[at].translate(_INVISIBLE).split()) if at is not None and at < len(cells) else ""

    order_number = _plain(bare_number(cell(Field.ORDER_NUMBER)))
    number = "".join(cell(Field.TRACKING_NUMBER).split())
    number = _plain(number)
    problem, fact = _number_problem(order_number, number)
    quantity, url, shipped_at = None, cell(Field.TRACKING_URL), None
    if problem is None and cell(Field.QUANTITY):
        quantity = _quantity(cell(Field.QUANTITY))
        problem, fact = (None, "") if quantity else (Verdict.BAD_QUANTITY, cell(Field.QUANTITY))
    if problem is None and url and not _is_address(url):
        problem, fact = Verdict.BAD_VALUE, url
    if problem is None and cell(Field.SHIP_DATE):
        shipped_at = _instant(cell(Field.SHIP_DATE), zone)
        problem, fact = (None, "") if shipped_at else (Verdict.BAD_VALUE, cell(Field.SHIP_DATE))
    return ReadRow(
        order_number[:LONGEST_NUMBER],
        number[:LONGEST_NUMBER],
        _plain(cell(Field.ITEM))[:120],
        quantity,
        cell(Field.CARRIER)[:LONGEST_NUMBER],
        url[:LONGEST_URL],
        shipped_at,
        problem,
        fact[:200],
    )


def bare_number(text: str) -> str:
    """An order's number without the sign that pages, and some shops, put in front: #1001 is 1001."""
    return text.lstrip("#").strip()


def is_rounded(text: str) -> bool:
    """Whether a spreadsheet has turned a long number into 7.28003E+15; its digits are lost."""
    return bool(_ROUNDED.fullmatch(text))


def _number_problem(order_number: str, number: str) -> tuple[Verdict | None, str]:
    if not order_number:
        return Verdict.NO_ORDER_NUMBER, ""
    if not number:
        return Verdict.NO_NUMBER, ""
    for text in (number, order_number):
        if is_rounded(text):
            return Verdict.ROUNDED, text
    if not SHORTEST_NUMBER <= len(number) <= LONGEST_NUMBER or not _TRACKING.fullmatch(number):
        return Verdict.BAD_NUMBER, number
    return None, ""


def _plain(text: str) -> str:
    """`1001.0` of a sheet that thinks of numbers is 1001."""
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text


def _quantity(text: str) -> Decimal | None:
    if not _QUANTITY.fullmatch(text):
        return None
    try:
        quantity = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return quantity if quantity > 0 else None


def _is_address(text: str) -> bool:
    if len(text) > LONGEST_URL:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    for form in _DAYS:
        try:
            found = datetime.strptime(text.replace("T", " "), form)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            continue
        if not 2000 <= found.year <= 2100:
            return None
        at = found if "%H" in form else found.replace(hour=12)
        return at.replace(tzinfo=zone).astimezone(UTC)
    return _iso_instant(text, zone)


def _iso_instant(text: str, zone: ZoneInfo) -> datetime | None:
    """As programs write times: with fractions of a second, and with Z or an offset, which then counts."""
    try:
        at = datetime.fromisoformat(text) if _ISO_TIME.match(text) else None
        at = at.replace(tzinfo=at.tzinfo or zone, microsecond=0).astimezone(UTC) if at else None
    except (ValueError, OverflowError):
        return None
    return at if at and 2000 <= at.year <= 2100 else None
