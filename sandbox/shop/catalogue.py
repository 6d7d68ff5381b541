"""What the shop sells and how the carts are priced: products, currencies, tax, shipping."""

from dataclasses import dataclass
from decimal import Decimal

FIRST_PRODUCT_ID = 101


@dataclass(frozen=True)
class Product:
    id: int
    variation_id: int
    sku: str
    name: str  # as the API shows it: with HTML entities
    price: Decimal  # in euro, before the market's factor


@dataclass(frozen=True)
class Market:
    """Where customers of one country buy: `factor` turns a euro price into the market's currency."""

    country: str
    currency: str
    symbol: str
    decimals: int
    factor: Decimal
    tax_rate: Decimal  # per cent
    tax_label: str
    prices_include_tax: bool
    shipping: Decimal
    carrier: str
    weight: int  # how often the market is drawn


_NAMES = (
    ("TSH-BLK-M", "Organic T-Shirt &ndash; Black, M", "19.90"),
    ("TSH-WHT-L", "Organic T-Shirt &ndash; White, L", "19.90"),
    ("JNS-SLM-32", "Slim Jeans 32/34", "59.95"),
    ("SNK-RUN-42", "Running Shoe &#8220;Poyraz&#8221; 42", "89.00"),
    ("BAG-LTH-01", "Leather Bag &amp; Strap", "129.00"),
    ("CEZ-CPR-2", "Copper Cezve for 2 (Bakır Cezve)", "34.50"),
    ("TEA-SET-6", "Çay Seti 6 Kişilik", "44.90"),
    ("CUP-PRC-4", "Porcelain Cups, Set of 4", "27.30"),
    ("LMP-DSK-1", "Desk Lamp „Licht &amp; Schatten“", "74.99"),
    ("BLN-WOL-L", "Koc Łowicki – Wool Blanket", "99.00"),
    ("CNF-DAT-1", "Medjool Dates 1 kg", "18.75"),
    ("OUD-PRF-50", "Oud Perfume 50 ml (عطر العود)", "145.00"),
    ("SOA-OLV-3", "Olive Soap, 3 Bars", "9.99"),
    ("TWL-PES-01", "Peştemal Towel", "22.40"),
    ("BTL-STL-75", "Steel Bottle 0.75 l", "24.95"),
    ("HDP-BT-X2", "Wireless Headphones X2", "149.90"),
    ("CHR-USB-65", "USB-C Charger 65 W", "39.90"),
    ("KBD-TRQ-01", "Keyboard, Turkish Q Layout", "64.00"),
    ("CFE-BNS-1", "Coffee Beans (per kg)", "21.80"),
    ("SPC-SMC-100", "Sumac 100 g", "4.45"),
    ("GFT-CRD-50", "Gift Card", "50.00"),
    ("STK-FRE-01", "Sticker, free with every order", "0.00"),
)
PRODUCTS = tuple(
    Product(FIRST_PRODUCT_ID + i, 1000 + i if "&ndash;" in name else 0, sku, name, Decimal(price))
    for i, (sku, name, price) in enumerate(_NAMES)
)
BY_WEIGHT = frozenset({"CFE-BNS-1", "SPC-SMC-100"})  # sold by the kilogram: quantities like 1.5


def _market(
    country: str,
    currency: str,
    symbol: str,
    decimals: int,
    factor: str,
    tax: str,
    label: str,
    shipping: str,
    carrier: str,
    weight: int,
    *,
    includes_tax: bool = True,
) -> Market:
    return Market(
        country,
        currency,
        symbol,
        decimals,
        Decimal(factor),
        Decimal(tax),
        label,
        includes_tax,
        Decimal(shipping),
        carrier,
        weight,
    )


# The decimals are the shop's own setting per currency, not ISO's: IQD and JPY without any, KWD with three,
# BHD with two although ISO says three.
MARKETS = (
    _market("TR", "TRY", "&#8378;", 2, "48.73", "20", "KDV", "89.90", "Yurtiçi Kargo", 42),
    _market("DE", "EUR", "&euro;", 2, "1", "19", "MwSt.", "4.90", "DHL", 14),
    _market("FR", "EUR", "&euro;", 2, "1.05", "20", "TVA", "6.90", "Colissimo", 6),
    _market("PL", "PLN", "&#122;&#322;", 2, "4.31", "23", "VAT", "14.99", "InPost", 8),
    _market("GB", "GBP", "&pound;", 2, "0.87", "20", "VAT", "5.95", "Royal Mail", 4),
    _market("RO", "RON", "lei", 2, "5.09", "19", "TVA", "19.99", "FAN Courier", 2),
    _market("SA", "SAR", "&#x631;.&#x633;", 2, "4.07", "15", "VAT", "25.00", "SMSA", 8, includes_tax=False),
    _market("AE", "AED", "&#x62f;.&#x625;", 2, "3.98", "5", "VAT", "20.00", "Aramex", 7, includes_tax=False),
    _market("IQ", "IQD", "&#x639;.&#x62f;", 0, "1421", "0", "", "8000", "Aramex", 3, includes_tax=False),
    _market("KW", "KWD", "&#x62f;.&#x643;", 3, "0.333", "0", "", "2.500", "Aramex", 4, includes_tax=False),
    _market("BH", "BHD", ".&#x62f;.&#x628;", 2, "0.41", "10", "VAT", "1.90", "Aramex", 1, includes_tax=False),
    _market("JP", "JPY", "&yen;", 0, "171", "10", "消費税", "900", "Yamato", 1),
)
MARKET_BY_COUNTRY = {market.country: market for market in MARKETS}
