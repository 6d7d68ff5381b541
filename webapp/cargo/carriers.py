"""Carriers we know by name: where their parcels are followed, and by which words channels mean them.

The tracking pages are seed data for the table cargo_company: staff may change a row, and then the row counts.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.models import CargoCompany
from webapp.core.bulk import Rows
from webapp.core.sentences import Sentence, said
from webapp.core.text import N_, fold


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier; `{n}` in `template` is where the number goes, and each of `words` names it in a shop's own words."""

    slug: str
    name: str
    template: str = ""
    words: tuple[str, ...] = ()


CARRIERS: Final = (
    Carrier(
        "yurtici",
        "Yurtiçi Kargo",
        "https://www.yurticikargo.com/tr/online-servisler/gonderi-sorgula?code={n}",
        ("yurtici", "ykmp"),
    ),
    Carrier(
        "aras", "Aras Kargo", "https://kargotakip.araskargo.com.tr/mainpage.aspx?code={n}", ("aras", "arasmp")
    ),
    Carrier(
        "dhl-ecommerce-tr",
        "DHL eCommerce Türkiye",
        "https://kargotakip.dhlecommerce.com.tr/?takipNo={n}",
        ("mng", "mngkargo", "dhlecommp", "dhl ecommerce tr", "dhl ecommerce turkiye"),
    ),
    Carrier(
        "ptt", "PTT Kargo", "https://gonderitakip.ptt.gov.tr/Track/Verify?q={n}", ("ptt", "pttmp", "pttkargo")
    ),
    Carrier(
        "surat",
        "Sürat Kargo",
        "https://www.suratkargo.com.tr/KargoTakip/?kargotakipno={n}",
        ("surat kargo", "suratkargo", "suratmp"),
    ),
    Carrier("hepsijet", "HepsiJet", "https://www.hepsijet.com/gonderi-takibi/{n}", ("hepsijet",)),
    # Its page asks for the order's number, so a parcel's number alone makes no address.
    Carrier("trendyol-express", "Trendyol Express", "", ("trendyol express", "texmp")),
    Carrier("kolay-gelsin", "Kolay Gelsin", "", ("kolay gelsin", "kolaygelsinmp")),
    Carrier("horoz", "Horoz Lojistik", "", ("horoz", "horozmp")),
    Carrier("ups", "UPS", "https://www.ups.com/track?tracknum={n}", ("ups", "upsmp")),
    Carrier("fedex", "FedEx", "https://www.fedex.com/fedextrack/?trknbr={n}", ("fedex",)),
    Carrier("usps", "USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels={n}", ("usps",)),
    Carrier(
        "dhl",
        "DHL",
        "https://www.dhl.com/global-en/home/tracking.html?tracking-id={n}",
        ("dhl", "dhl express", "dhl ecommerce"),
    ),
    Carrier("dpd", "DPD", "https://tracking.dpd.de/parcelstatus?query={n}", ("dpd",)),
    Carrier("gls", "GLS", "https://gls-group.com/track/{n}", ("gls",)),
)
BY_SLUG: Final = {carrier.slug: carrier for carrier in CARRIERS}

_WORD: Final = re.compile(r"[^\W_]+")
# Longer names first: "DHL eCommerce TR" is not DHL.
_NAMES: Final = sorted(
    ((tuple(_WORD.findall(word)), carrier.slug) for carrier in CARRIERS for word in carrier.words),
    key=lambda named: -len(named[0]),
)
_COMPANIES: Final = Rows(CargoCompany, "slug name tracking_url_template")


@lru_cache(maxsize=1_024)  # The items of a parcel follow each other, and quoting costs 5 µs.
def tracking_url(template: str, number: str) -> str | None:
    """Where this parcel is followed; None for a carrier without such a page. The number is quoted."""
    return template.replace("{n}", quote(number, safe="")) if "{n}" in template and number else None


@lru_cache(maxsize=1024)
def carrier_slug(words: str) -> str | None:
    """The carrier that a shop means by such words ("Yurtiçi Kargo - Ücretsiz"), or None ("flat_rate")."""
    if words in BY_SLUG:
        return words
    given = _WORD.findall(fold(words))
    for name, slug in _NAMES:
        if any(tuple(given[at : at + len(name)]) == name for at in range(len(given) - len(name) + 1)):
            return slug
    return None


def carrier_names(session: Session) -> str:
    """The carriers that can be chosen, by name in a row: for sentences that say which there are."""
    query = select(CargoCompany.name).where(CargoCompany.is_active).order_by(func.lower(CargoCompany.name))
    return ", ".join(session.scalars(query))


def carrier_slugs(session: Session) -> str:
    """The same by their short names, as mappings and commands take them."""
    query = select(CargoCompany.slug).where(CargoCompany.is_active).order_by(CargoCompany.slug)
    return ", ".join(session.scalars(query))


def no_such_carrier(session: Session) -> Sentence:
    """The refusal of a carrier that is none of ours."""
    return said(N_("There is no such carrier. Choose one of: %(known)s."), known=carrier_names(session))


def ensure_carriers(session: Session, slugs: frozenset[str] = frozenset(BY_SLUG)) -> None:
    """Have a row for each of these carriers; rows that are there stay as staff left them."""
    rows = [
        (carrier.slug, carrier.name, carrier.template)
        for carrier in sorted(CARRIERS, key=lambda each: each.slug)
        if carrier.slug in slugs
    ]
    _COMPANIES.insert(session, rows, tail="ON CONFLICT DO NOTHING")
