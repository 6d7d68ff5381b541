"""Names and texts in the letters that every bank takes (EPC217-08: the Latin character set of payment files)."""

import re
import unicodedata
from typing import Final

_ALLOWED: Final = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_SLASHES: Final = re.compile("/{2,}")
_OTHERS: Final = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")
# Letters that do not come apart into a plain one and a mark.
_PLAIN: Final = str.maketrans(
    {
        "ı": "i", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
        "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H", "ə": "e", "Ə": "E",
        "&": "+", "_": "-", "’": "'", "‘": "'", "`": "'", "´": "'", "“": "'", "”": "'", '"': "'", "–": "-", "—": "-",
        ";": ",", "\u00a0": " ",
    }
)  # fmt: skip


def to_bank_letters(text: str) -> str:
    """The text as payment files carry it: ş as s, ü as u, & as +; what has no Latin form stays as it is."""
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).split())


def in_bank_letters(text: str) -> bool:
    """Whether the text, once rewritten, has only letters that every bank takes, and at least one of them.

    The standard also forbids a slash at either end and two of them together.
    """
    written = to_bank_letters(text)
    slashed = written.startswith("/") or written.endswith("/") or "//" in written
    return bool(written) and not slashed and _ALLOWED.fullmatch(written) is not None


def only_bank_letters(text: str) -> str:
    """The text with whatever no bank takes left out; for words that nobody is paid by, such as an order's number."""
    return " ".join(_SLASHES.sub("/", _OTHERS.sub(" ", to_bank_letters(text))).strip("/ ").split())
