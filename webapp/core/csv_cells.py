"""Cells of files that people open in a spreadsheet. Text must stay text: =HYPERLINK(…) in a name must not run."""

from datetime import UTC, datetime
from decimal import Decimal

# What spreadsheets take for the beginning of a formula, or strip before they look (OWASP, CSV injection).
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain_cell(value: object) -> str:
    """The value as a cell; text that a spreadsheet could run gets an apostrophe in front. Times are UTC, ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    # Full-width signs and blanks in front are taken for the plain ones by some.
    looked_at = text.lstrip(" \u00a0\u3000").translate(str.maketrans("＝＋－＠", "=+-@"))
    return f"'{text}" if looked_at.startswith(_DANGEROUS) or text.startswith(_DANGEROUS) else text
