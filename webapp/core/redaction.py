"""Keeping people's data and secrets out of what is written down: log lines, error texts of other systems.

A net, not a licence: code logs ids. What slips through in an exception's words is caught here.
"""

import re
from collections.abc import Mapping
from typing import Any

WITHHELD = "[withheld]"
_OWN_IDS = frozenset({"request_id", "operation_id", "timestamp", "level", "logger"})

_CONFIDENTIAL = (
    "password|passwd|secret|token|authorization|cookie|credential|credentials|api_key|apikey|consumer_key|"
    "consumer_secret|client_secret|private_key|signature|pan|cvc|cvv|iban"
)
_SECRET_NAME = re.compile(rf"(?i)(^|[_.\- ])({_CONFIDENTIAL})s?$")
_SECRET_PAIR = re.compile(
    rf"""(?i)\b((?:\w+_)?(?:{_CONFIDENTIAL}))(["']?\s*[:=]\s*["']?)(Bearer |Basic )?[^\s"'&,;)}}]+"""
)
_URL_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.\-]*://)[^\s/@]+@")
_E_MAIL = re.compile(r"[\w.+%\-]+@[\w\-]+(?:\.[\w\-]+)+")
# PostgreSQL repeats the row it refuses: "DETAIL:  Key (email)=(…) already exists."
_POSTGRES_DETAIL = re.compile(r"(?m)^(DETAIL|CONTEXT):.*$")
# The countries of the ISO 13616 registry; without them one hexadecimal id in a hundred would look like an account.
_IBAN = re.compile(
    r"(?i)\b(?:A[DELTZ]|B[AEGHIRY]|C[HRYZ]|D[EJKO]|E[EGS]|F[IKOR]|G[BEILRT]|H[NRU]|I[ELQST]|JO|K[WZ]|L[BCITUVY]|"
    r"M[CDEKNRTU]|N[ILO]|OM|P[KLST]|QA|R[OSU]|S[ACDEIKMOTV]|T[LNR]|UA|V[AG]|XK|YE)\d{2}(?: ?[A-Z0-9]){11,30}\b"
)
_CARD = re.compile(r"(?<![\w.])\d(?:[ \-]?\d){12,18}(?![\w.])")
# International ("+90 532 …", "+49 (30) …") and Turkish national ("0532 123 45 67"); never a time or a version.
_PHONE = re.compile(
    r"(?<![\w.:\-])(?:\+\d{1,3}[\s\-.]?(?:\(?\d{1,4}\)?[\s\-.]?){2,5}\d{2,4}|0\d{3}[ \-]?\d{3}[ \-]?\d{2}[ \-]?\d{2})(?![\w:])"
)


def redact(text: str) -> str:
    """The text without e-mail addresses, phone numbers, IBANs, card numbers, secrets and rows that PostgreSQL quotes."""
    text = _POSTGRES_DETAIL.sub(rf"\1: {WITHHELD}", text)
    text = _URL_USER.sub(rf"\1{WITHHELD}@", text)
    text = _SECRET_PAIR.sub(rf"\1\2{WITHHELD}", text)
    text = _E_MAIL.sub("[e-mail]", text)
    text = _IBAN.sub(lambda match: _without_iban(match[0]), text)
    text = _CARD.sub(lambda match: "[card]" if _is_card(match[0]) else match[0], text)
    return _PHONE.sub("[phone]", text)


def redact_value(value: Any, name: str = "") -> Any:
    """The same for whatever a log line carries; a value whose name says that it is secret is withheld whole."""
    if name in _OWN_IDS:
        return value
    if _SECRET_NAME.search(name):
        return WITHHELD
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redact_value(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def _without_iban(text: str) -> str:
    """The match may run on into the next words: the longest beginning that is an IBAN is taken out."""
    for end in range(len(text), 14, -1):
        if text[end - 1] != " " and _is_iban(text[:end]):
            return "[IBAN]" + text[end:]
    return text


def _is_iban(text: str) -> bool:
    """ISO 13616: the first four characters moved to the end, letters as 10…35, leave 1 modulo 97."""
    bare = text.replace(" ", "").upper()
    if not 15 <= len(bare) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """The Luhn sum, so that an order number of sixteen digits mostly stays readable."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
