"""Check digits of tracking numbers: what does not fit was most likely mistyped. A hint for people, never a refusal.

Carriers give numbers of several kinds; a number of a kind that we do not know passes.
"""

import re
from collections.abc import Callable
from typing import Final

_UPS: Final = re.compile(r"1Z[0-9A-Z]{15}\d")
_POSTAL: Final = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}")


def fits(slug: str, number: str) -> bool:
    """Whether the number's check digit is right, as far as this carrier's numbers of its length have one."""
    check = _CHECKS.get(slug)
    return check is None or check(number.upper())


def _ups(number: str) -> bool:
    """1Z and 15 signs: letters count as (code - 63) mod 10, each second one twice; mod 10."""
    if not _UPS.fullmatch(number):
        return True
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:17]]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return (10 - total % 10) % 10 == int(number[17])


def _fedex(number: str) -> bool:
    """Express has 12 digits, weighted 3, 1, 7, mod 11 mod 10; Ground has 15, as barcodes of goods."""
    if not number.isdigit():
        return True
    if len(number) == 12:
        total = sum(int(digit) * weight for digit, weight in zip(number[:11], (3, 1, 7) * 4, strict=False))
        return total % 11 % 10 == int(number[11])
    return _barcode(number) if len(number) == 15 else True


def _usps(number: str) -> bool:
    """20 and 22 digits as barcodes of goods; 13 signs as all posts of the world."""
    if number.isdigit() and len(number) in (20, 22):
        return _barcode(number)
    return _postal(number)


def _dhl(number: str) -> bool:
    """Express: ten digits, the last is the rest of the others by 7. Posts' numbers have 13 signs."""
    if number.isdigit() and len(number) == 10:
        return int(number[:9]) % 7 == int(number[9])
    return _postal(number)


def _dpd(number: str) -> bool:
    """14 digits and one sign: ISO 7064, mod 37, 36."""
    if len(number) != 15 or not number[:14].isdigit():
        return True
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rest = 36
    for sign in number[:14]:
        rest = (rest + signs.index(sign)) % 36 or 36
        rest = rest * 2 % 37
    return signs[(37 - rest) % 36] == number[14]


def _barcode(number: str) -> bool:
    """GS1: from the right, each second digit three times; mod 10."""
    digits = [int(digit) for digit in reversed(number[:-1])]
    total = 3 * sum(digits[0::2]) + sum(digits[1::2])
    return (10 - total % 10) % 10 == int(number[-1])


def _postal(number: str) -> bool:
    """S10 of the Universal Postal Union: eight digits weighted, mod 11."""
    if not _POSTAL.fullmatch(number):
        return True
    total = sum(
        int(digit) * weight for digit, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True)
    )
    return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) == int(number[10])


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "ups": _ups,
    "fedex": _fedex,
    "usps": _usps,
    "dhl": _dhl,
    "dpd": _dpd,
}
