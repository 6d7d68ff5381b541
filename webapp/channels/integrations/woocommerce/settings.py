"""What a WooCommerce channel can be told beside its credentials."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from webapp.channels.integrations.woocommerce.statuses import COMPLETED
from webapp.core.errors import InvalidInput
from webapp.core.text import N_

# Setting → its default.
SETTINGS = {
    # What the shop's "completed" means for an order: its goods have arrived, or have only left.
    "completed_means": "delivered",
    # For old shops that give no times in UTC.
    "time_zone": "UTC",
    # How questions over plain http are signed; HMAC-SHA1 for shops older than version 3.
    "oauth_signature": "HMAC-SHA256",
    # The first pull reads orders placed from this day on; empty: all.
    "start_from": "",
    # How many days back open orders are read again.
    "reread_days": "60",
    # yes: new orders get our number at the shop, so that people there see that it has arrived here.
    "acknowledge": "no",
    # What the customer reads in the shop's mail when a parcel has left and the shop knows no tracking numbers;
    # {carrier}, {number} and {url} are put in. Empty: a sentence in English.
    "tracking_note": "",
}
# Those of them that are one of a few words, with what each means.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "completed_means": {"delivered": N_("The goods have arrived"), "shipped": N_("The goods have left")},
    "oauth_signature": {"HMAC-SHA256": "HMAC-SHA256", "HMAC-SHA1": N_("HMAC-SHA1, for old shops")},
    "acknowledge": {"no": N_("No"), "yes": N_("Yes: new open orders get our number there")},
}


def check_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are kept; an empty one is left to its default. Raises InvalidInput."""
    checks: dict[str, tuple[Callable[[str], object], str]] = {
        "completed_means": (_one_of(*COMPLETED), N_("Write delivered or shipped.")),
        "time_zone": (_zone, N_("Write a time zone such as Europe/Istanbul.")),
        "oauth_signature": (_one_of("HMAC-SHA256", "HMAC-SHA1"), N_("Write HMAC-SHA256 or HMAC-SHA1.")),
        "start_from": (datetime.fromisoformat, N_("Write a day such as 2026-01-31.")),
        "reread_days": (_days, N_("Write a number of days from 1 to 3650.")),
        "acknowledge": (_one_of("yes", "no"), N_("Write yes or no.")),
        "tracking_note": (_note, N_("Write at most 500 characters, {number} among them.")),
    }
    kept: dict[str, Any] = {}
    for name, value in given.items():
        text = str(value or "").strip()
        check, sentence = checks[name]
        try:
            if text:
                check(text)
        except (ValueError, ZoneInfoNotFoundError):
            raise InvalidInput(sentence, fields={name: [sentence]}) from None
        kept[name] = text
    return {name: text for name, text in kept.items() if text}


def _one_of(*known: str) -> Callable[[str], object]:
    def check(text: str) -> None:
        if text not in known:
            raise ValueError(text)

    return check


def _zone(text: str) -> object:
    return ZoneInfo(text)


def _note(text: str) -> None:
    if "{number}" not in text or len(text) > 500:
        raise ValueError(text)


def _days(text: str) -> None:
    if not 1 <= int(text) <= 3650:
        raise ValueError(text)
