"""Which column of a sheet means what: guessed by the words of its header, remembered per person, changed by hand."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from webapp.core.text import N_, fold


class Field(StrEnum):
    """What a column can mean; the first two must be there."""

    ORDER_NUMBER = "order_number"
    TRACKING_NUMBER = "tracking_number"
    ITEM = "item"
    QUANTITY = "quantity"
    CARRIER = "carrier"
    TRACKING_URL = "tracking_url"
    SHIP_DATE = "ship_date"

    @property
    def label(self) -> str:
        """English words for staff, to be translated where shown."""
        return _LABELS[self]


_LABELS: Final = {
    Field.ORDER_NUMBER: N_("Order number"),
    Field.TRACKING_NUMBER: N_("Tracking number"),
    Field.ITEM: N_("SKU or item id"),
    Field.QUANTITY: N_("Quantity"),
    Field.CARRIER: N_("Carrier"),
    Field.TRACKING_URL: N_("Tracking address"),
    Field.SHIP_DATE: N_("Ship date"),
}
LOOKED_AT: Final = 15  # rows among which the one that names the columns is looked for
REQUIRED: Final = (Field.ORDER_NUMBER, Field.TRACKING_NUMBER)
Mapped = Mapping[Field, int]  # which column, counted from 0

# As headers are compared: folded, without signs. English, Turkish, Arabic, German, French.
_HEADERS: Final[dict[Field, tuple[str, ...]]] = {
    Field.ORDER_NUMBER: (
        "order number", "order no", "order", "order id", "order nr", "ordernumber", "orderno", "reference",
        "reference number", "customer reference", "siparis no", "siparis numarasi", "siparis", "siparis kodu",
        "siparisno", "referans no", "referans", "musteri referansi", "رقم الطلب", "الطلب", "رقم الطلبيه",
        "bestellnummer", "bestellung", "auftragsnummer", "numero de commande", "commande",
    ),
    Field.TRACKING_NUMBER: (
        "tracking number", "tracking no", "tracking", "tracking id", "tracking code", "trackingnumber", "awb",
        "awb number", "waybill", "waybill number", "parcel number", "consignment", "consignment number",
        "shipment number", "barcode", "kargo takip no", "kargo takip numarasi", "takip no", "takip numarasi",
        "takip kodu", "kargo takip kodu", "kargo no", "gonderi no", "gonderi numarasi", "gonderi kodu", "irsaliye no",
        "barkod", "رقم التتبع", "التتبع", "رقم الشحنه", "رقم البوليصه", "sendungsnummer", "paketnummer",
        "trackingnummer", "numero de suivi", "suivi",
    ),
    Field.ITEM: (
        "sku", "item", "item id", "item sku", "product code", "article", "stock code", "urun kodu", "stok kodu",
        "kalem", "kalem no", "urun", "رمز المنتج", "رمز الصنف", "artikelnummer", "article number",
    ),
    Field.QUANTITY: ("quantity", "qty", "pieces", "adet", "miktar", "الكميه", "العدد", "menge", "anzahl", "quantite"),
    Field.CARRIER: (
        "carrier", "cargo", "cargo company", "shipping company", "courier", "carrier name", "kargo", "kargo firmasi",
        "kargo sirketi", "tasiyici", "شركه الشحن", "الناقل", "versanddienstleister", "spediteur", "transporteur",
    ),
    Field.TRACKING_URL: (
        "tracking url", "tracking link", "tracking address", "url", "link", "takip linki", "takip adresi",
        "kargo takip linki", "رابط التتبع", "sendungsverfolgung", "lien de suivi",
    ),
    Field.SHIP_DATE: (
        "ship date", "shipped date", "shipped", "shipping date", "date shipped", "shipped at", "dispatch date", "date",
        "kargo tarihi", "gonderim tarihi", "sevk tarihi", "cikis tarihi", "tarih", "تاريخ الشحن", "versanddatum",
        "date d expedition",
    ),
}  # fmt: skip
_KNOWN: Final = {words: field for field, all_words in _HEADERS.items() for words in all_words}
_SIGN: Final = re.compile(r"[\W_]+")


def header_words(title: str) -> str:
    """A header as it is compared: `Kargo_Takip-No.` is `kargo takip no`."""
    return " ".join(_SIGN.sub(" ", fold(title)).split())


def guess(titles: Sequence[str], remembered: Mapping[str, str]) -> dict[Field, int]:
    """What the columns mean by their titles: as this person mapped such a title before, else by the words we know.

    `remembered` maps a field's name to the title (`header_words`) it had. The first of two equal titles is taken.
    """
    words = [header_words(title) for title in titles]
    chosen: dict[Field, int] = {}
    for field in Field:
        title = remembered.get(field.value)
        if title and title in words and words.index(title) not in chosen.values():
            chosen[field] = words.index(title)
    for at, word in enumerate(words):
        known = _KNOWN.get(word)
        if known is not None and known not in chosen and at not in chosen.values():
            chosen[known] = at
    return dict(sorted(chosen.items(), key=lambda each: list(Field).index(each[0])))


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row names columns; one of figures alone, without a word we know, is data already."""
    words = [header_words(cell) for cell in cells if cell]
    if any(word in _KNOWN for word in words):
        return True
    return not any(any(letter.isdigit() for letter in word) for word in words)


def header_at(rows: Sequence[Sequence[str]], remembered: Mapping[str, str]) -> int:
    """Which of a file's first rows names the columns: the first with both that must be there, for reports begin with
    their name and the day; else the very first row.
    """
    return next((at for at, row in enumerate(rows) if is_complete(guess(row, remembered))), 0)


def is_complete(mapped: Mapped) -> bool:
    """Whether rows can be judged by it."""
    return all(field in mapped for field in REQUIRED)


def as_json(mapped: Mapped) -> dict[str, int]:
    """As the upload keeps it."""
    return {field.value: at for field, at in mapped.items()}


def from_json(kept: Mapping[str, int]) -> dict[Field, int]:
    """What `as_json` made, in the fields' order."""
    return {field: kept[field.value] for field in Field if field.value in kept}
