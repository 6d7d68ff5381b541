"""International bank account numbers (ISO 13616): the only check that needs no bank."""

import re
from typing import Final

# Length by country, from the IBAN registry; a country that is not listed is held to the mod-97 check alone.
_LENGTHS: Final = {
    country: int(length)
    for country, length in re.findall(
        "(..)(..)",
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20"
        "EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30"
        "KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24"
        "PL28PS29PT25QA29RO24RS22SA24SC31SD18SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29"
        "VA22VG24XK20",
    )
}
_SHAPE: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def compact_iban(text: str) -> str:
    """The number as machines write it: upper case, without the spaces that people type."""
    return re.sub(r"\s", "", text).upper()


def is_iban(text: str) -> bool:
    """Whether the number has its country's length and its check digits are right; spaces and case do not matter."""
    number = compact_iban(text)
    if not _SHAPE.fullmatch(number) or len(number) != _LENGTHS.get(number[:2], len(number)):
        return False
    digits = "".join(str(int(letter, 36)) for letter in number[4:] + number[:4])
    return int(digits) % 97 == 1
