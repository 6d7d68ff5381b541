"""By which words a person is known where nothing else ties a text to them; and what of saved lists names them.

A name that many have names nobody: it counts when nobody else has it, or beside the other one. The patterns are read by
PostgreSQL and by Python alike.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from webapp.core.bulk import plain_array
from webapp.core.text import fold
from webapp.orders.models import SavedView

# Shorter ones are initials and syllables, or the beginning of many numbers.
SHORTEST_WORD: Final = 3
SHORTEST_LINE: Final = 6
SHORTEST_PHONE: Final = 7
_TAIL: Final = 10  # digits of a telephone number without its country
_NOTHING: Final = "\x01\x01"  # stands in no text
_SEARCHED: Final = "q"  # of a list's address

_CUSTOMER = text("SELECT first_name, last_name, email, phone FROM customer WHERE id = :customer")
_ADDRESSES = text(
    "SELECT DISTINCT first_name, last_name, email, phone, line1, line2, tax_number FROM address"
    " WHERE customer_id = :customer"
)
_PAYEES = text("SELECT iban, holder_name FROM payee WHERE order_id = ANY(CAST(:ids AS bigint[]))")
_PLACES = text(
    "SELECT DISTINCT host(remote_addr) FROM orders"
    " WHERE id = ANY(CAST(:ids AS bigint[])) AND remote_addr IS NOT NULL"
)
_SOMEBODY_ELSE = text(
    "SELECT EXISTS (SELECT 1 FROM customer WHERE id <> :customer AND search_folded LIKE :word ESCAPE '!')"
)


@dataclass(frozen=True, slots=True)
class KnownBy:
    """Regular expressions, to be compared without case.

    `sure`: what only this person has (e-mail, telephone, IBAN, street, full name, a name that nobody else has).
    `first` and `last` name them together; `part_of_name` is any name of theirs, also within a longer word.
    """

    sure: str
    first: str
    last: str
    part_of_name: str

    def given(self) -> dict[str, str]:
        """For a statement."""
        return {
            "sure": self.sure,
            "first": self.first,
            "last": self.last,
            "part_of_name": self.part_of_name,
        }

    def in_text(self, words: str) -> bool:
        """Whether these words name the person."""

        def found(pattern: str) -> bool:
            return re.search(pattern, words, re.IGNORECASE) is not None

        return found(self.sure) or (found(self.first) and found(self.last))


def known_by(session: Session, customer_id: int, order_ids: Iterable[int]) -> KnownBy:
    """Read what is known of the person, before it is erased."""
    given = {"customer": customer_id, "ids": plain_array(order_ids)}
    person = session.execute(_CUSTOMER, given).one()
    addresses = session.execute(_ADDRESSES, given).all()
    payees = session.execute(_PAYEES, given).all()
    named = [(each.first_name, each.last_name) for each in (person, *addresses)]
    words = {word for pair in named for name in pair for word in name.split() if len(word) >= SHORTEST_WORD}
    alone = [word for word in sorted(words) if not _is_shared(session, customer_id, word)]
    lines = [line for each in addresses for line in (each.line1, each.line2)]
    sure = {
        *(_exactly(each.email) for each in (person, *addresses) if each.email),
        *(_digits(each.phone) for each in (person, *addresses) if _is_phone(each.phone)),
        *(_spaced(each.iban) for each in payees if each.iban),
        *(_exactly(line) for line in lines if len(line) >= SHORTEST_LINE),
        *(_exactly(each.tax_number) for each in addresses if len(each.tax_number) >= SHORTEST_LINE),
        *(_exactly(place) for place in session.scalars(_PLACES, given)),
        *(_exactly(f"{first} {last}") for first, last in named if first and last),
        *(_exactly(word) for word in alone),
    }
    firsts = {word for first, _ in named for word in first.split() if len(word) >= SHORTEST_WORD}
    lasts = {word for _, last in named for word in last.split() if len(word) >= SHORTEST_WORD}
    return KnownBy(
        _whole(sure),
        _whole(map(_exactly, firsts)),
        _whole(map(_exactly, lasts)),
        "|".join(sorted(map(_exactly, words))) or _NOTHING,
    )


def strip_views(session: Session, known: KnownBy) -> int:
    """Take the words out of saved lists that name the person; how many lists were touched. Filters and columns stay."""
    touched = 0
    for view in session.execute(select(SavedView.id, SavedView.name, SavedView.query)).all():
        pairs = parse_qsl(view.query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if not known.in_text(value)]
        name = f"View {view.id}" if known.in_text(view.name) else view.name
        if len(kept) < len(pairs) or name != view.name:
            query = urlencode(kept) if len(kept) < len(pairs) else view.query
            values = {"name": name, "query": query, "version": SavedView.version + 1}
            session.execute(update(SavedView).where(SavedView.id == view.id).values(values))
            touched += 1
    return touched


def _is_shared(session: Session, customer_id: int, word: str) -> bool:
    escaped = re.sub(r"([!%_])", r"!\1", fold(word))
    return bool(session.scalar(_SOMEBODY_ELSE, {"customer": customer_id, "word": f"%{escaped}%"}))


def _is_phone(phone: str) -> bool:
    return sum(map(str.isdigit, phone)) >= SHORTEST_PHONE


def _digits(phone: str) -> str:
    """The number with or without its country, however it is written in groups."""
    digits = [sign for sign in fold(phone) if sign.isdigit()][-_TAIL:]
    return "[0-9+() .-]*" + "[ ().-]*".join(digits)


def _spaced(iban: str) -> str:
    return " ?".join(re.escape(sign) for sign in iban)


def _exactly(words: str) -> str:
    """These words in every case, with and without marks, and as JSON escapes them."""
    forms = {words, words.lower(), words.upper(), words.replace("i", "İ").upper(), fold(words)}
    forms |= {json.dumps(form)[1:-1] for form in forms}
    return "(?:" + "|".join(sorted(re.escape(form) for form in forms)) + ")"


def _whole(patterns: Iterable[str]) -> str:
    """Any of these, not within a longer word."""
    found = sorted(set(patterns))
    return rf"(?<!\w)(?:{'|'.join(found)})(?!\w)" if found else _NOTHING
