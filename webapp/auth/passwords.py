"""Passwords: argon2id, never more than a few at once, and a rule that asks for length instead of riddles."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.core.errors import DomainError
from webapp.core.text import N_, fold

MIN_LENGTH = 12
MAX_LENGTH = 256  # far above any passphrase; a longer one is an attempt to keep the hasher busy
AT_ONCE = 4  # each hashing takes 64 MiB and one core for about 0.2 s
WAIT_S = 10  # seconds to queue for one of them before answering "busy"
PRODUCT_WORDS = ("kontor", "omnitron", "orderdesk", "backoffice")
TOO_SHORT = N_("Use at least 12 characters; a few words in a row are easy to remember.")
TOO_LONG = N_("Use at most 256 characters.")
TOO_PLAIN = N_("Use more than a few different characters.")
COMMON = N_("This password is on the lists that attackers try first. Choose another.")
PERSONAL = N_("Leave out your name, your e-mail address and the product's name.")
_SHORTEST_PERSONAL_WORD = 4  # "ali" occurs in too many honest passphrases

_hasher = PasswordHasher()  # argon2id with RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes
_slots = threading.BoundedSemaphore(AT_ONCE)


class TooBusy(DomainError):
    """More people are signing in at this moment than the machine can check passwords for."""

    code = "too_busy"
    http_status = 503


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _slot():
        return _hasher.hash(password)


def verify(password: str, stored: str | None) -> bool:
    """Whether it is the password. For an unknown account pass None: it takes as long, and is never true."""
    # A longer one cannot be anybody's; hashing it anyway keeps the answer's time from saying so.
    candidate = password[:MAX_LENGTH]
    with _slot():
        try:
            _hasher.verify(stored or _nobodys_hash(), candidate)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None and len(password) <= MAX_LENGTH


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def problems(password: str, *, email: str = "", name: str = "") -> list[str]:
    """Why this password cannot be taken, as sentences to be translated where shown; empty when it can."""
    if len(password) < MIN_LENGTH:
        return [TOO_SHORT]
    if len(password) > MAX_LENGTH:
        return [TOO_LONG]
    if len(set(password)) < 5:
        return [TOO_PLAIN]
    if _is_common(password):
        return [COMMON]
    if _names(password, (*PRODUCT_WORDS, *_personal_words(email, name))):
        return [PERSONAL]
    return []


def _is_common(password: str) -> bool:
    lowered = password.lower()
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lowered)
    return bool({lowered, bare, _repeated(lowered), _repeated(bare)} & _common_passwords())


def _repeated(text: str) -> str:
    """The shortest text that, written again and again, gives this one."""
    at = (text + text).find(text, 1)
    return text[:at] if text else text


def _names(password: str, words: tuple[str, ...]) -> bool:
    """Whether a forbidden word makes up most of the password: "kontor2026!!" is one, a passphrase with "kontor" is not."""
    folded = fold(password).replace(" ", "")
    return any(word in folded and len(folded) - len(word) < MIN_LENGTH - 2 for word in words)


def _personal_words(email: str, name: str) -> tuple[str, ...]:
    words = re.split(r"[^\w]+", fold(f"{email.partition('@')[0]} {name}"))
    return tuple(word for word in words if len(word) >= _SHORTEST_PERSONAL_WORD)


@cache
def _common_passwords() -> frozenset[str]:
    text = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.lower() for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_S):
        raise TooBusy(N_("Many people are signing in just now. Try again in a few seconds."))
    try:
        yield
    finally:
        _slots.release()
