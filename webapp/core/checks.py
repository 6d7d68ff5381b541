"""Checks that several kinds of reference data share. Each returns the cleaned value or raises InvalidInput on its field."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from webapp.core.reference import refuse
from webapp.core.text import N_

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_\-]*[a-z0-9])?")


def words(name: str, value: object, *, longest: int, required: bool = True) -> str:
    """One line of text with single blanks."""
    text = " ".join(str(value or "").replace("\0", "").split())
    if required and not text:
        raise refuse(name, N_("Write something here."))
    if len(text) > longest:
        raise refuse(name, N_("This is too long."))
    return text


def slug(name: str, value: object, *, longest: int = 64) -> str:
    """A stable name for programs: small letters, digits, hyphens and underscores."""
    text = str(value or "").strip()
    if not _SLUG.fullmatch(text) or len(text) > longest:
        raise refuse(
            name, N_("Write small letters (a to z), digits, hyphens and underscores, such as bank_transfer.")
        )
    return text


def one_of(name: str, value: object, known: Collection[str]) -> str:
    """One of the known words."""
    text = str(value or "")
    if text not in known:
        raise refuse(name, N_("Choose one of the list."))
    return text


def web_address(name: str, value: object, *, longest: int = 500) -> str:
    """An http(s) address, or nothing."""
    text = str(value or "").strip()
    if not text:
        return ""
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or len(text) > longest
        or any(c.isspace() for c in text)
    ):
        raise refuse(name, N_("Write a web address that begins with https://."))
    return text
