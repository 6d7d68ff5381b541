"""Invented customers: names, addresses, telephone numbers and mailboxes that belong to nobody."""

import random
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Region:
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    places: tuple[tuple[str, str, str, str], ...]  # district or line 2, city, state code, postcode
    streets: tuple[str, ...]
    phone: str  # every # becomes a digit
    companies: tuple[str, ...]


REGIONS = {
    "TR": Region(
        (
            "Ayşe",
            "İpek",
            "Çağla",
            "Zeynep",
            "Elif",
            "Mehmet",
            "İlker",
            "Oğuz",
            "Yılmaz",
            "Emre",
            "Ceren",
            "Gülşah",
        ),
        ("Yılmaz", "Öztürk", "Şahin", "Çelik", "Işık", "Karadağ", "Demirbaş", "Ünal", "Güneş", "Eroğlu"),
        (
            ("Kadıköy", "İstanbul", "TR34", "34710"),
            ("Beşiktaş", "İstanbul", "TR34", "34353"),
            ("Çankaya", "Ankara", "TR06", "06690"),
            ("Bornova", "İzmir", "TR35", "35040"),
            ("Nilüfer", "Bursa", "TR16", "16110"),
            ("Muratpaşa", "Antalya", "TR07", "07160"),
            ("Şahinbey", "Gaziantep", "TR27", "27060"),
        ),
        (
            "Bağdat Caddesi No: {n}",
            "Atatürk Bulvarı No: {n}/4",
            "Gül Sokak No: {n} Daire: 3",
            "İnönü Mah. {n}. Sokak No: 7",
        ),
        "+90 5## 000 ## ##",
        ("Örnek Tekstil A.Ş.", "Deneme &amp; Oğlu Ltd. Şti."),
    ),
    "DE": Region(
        ("Anna", "Jürgen", "Björn", "Käthe", "Lena", "Max", "Sven", "Ute"),
        ("Müller", "Schönfeld", "Weiß", "Köhler", "Großmann", "Vogt", "von der Heide"),
        (
            ("", "Berlin", "DE-BE", "10115"),
            ("", "München", "DE-BY", "80331"),
            ("Altona", "Hamburg", "DE-HH", "22765"),
            ("", "Köln", "DE-NW", "50667"),
        ),
        ("Musterstraße {n}", "Lindenallee {n}a", "Am Markt {n}"),
        "+49 30 5550 ####",
        ("Beispiel &amp; Söhne GmbH", "Muster KG"),
    ),
    "FR": Region(
        ("Élodie", "Chloé", "François", "Noël", "Maël", "Céline"),
        ("Lefèvre", "D&#039;Arcy", "Beaulieu", "Garçon", "Moët"),
        (("", "Paris", "", "75011"), ("", "Lyon", "", "69003"), ("", "Nîmes", "", "30000")),
        ("{n} rue de l&#039;Exemple", "{n} avenue du Test"),
        "+33 1 99 00 ## ##",
        ("Exemple SARL",),
    ),
    "PL": Region(
        ("Małgorzata", "Wojciech", "Zofia", "Łukasz", "Agnieszka", "Paweł"),
        ("Wójcik", "Kamińska", "Szymański", "Dąbrowska", "Żółć"),
        (("", "Warszawa", "MZ", "00-950"), ("", "Kraków", "MA", "31-042"), ("", "Łódź", "LD", "90-001")),
        ("ul. Przykładowa {n}", "al. Testowa {n}/12"),
        "+48 22 555 ## ##",
        ("Przykład Sp. z o.o.",),
    ),
    "GB": Region(
        ("Oliver", "Siobhán", "Amelia", "Rhys"),
        ("O&#039;Brien", "Smith-Jones", "Llywelyn", "Ashdown"),
        (("Flat 2", "London", "", "SW1A 1AA"), ("", "Leeds", "West Yorkshire", "LS1 4AP")),
        ("{n} Sample Street", "{n} Test Lane"),
        "+44 20 7946 0###",
        ("Sample &amp; Co Ltd",),
    ),
    "RO": Region(
        ("Andreea", "Ștefan", "Ioana", "Răzvan"),
        ("Popescu", "Țurcanu", "Bălan"),
        (("Sector 3", "București", "B", "030167"), ("", "Iași", "IS", "700028")),
        ("Str. Exemplului nr. {n}",),
        "+40 21 555 ## ##",
        ("Exemplu SRL",),
    ),
    "SA": Region(
        ("فاطمة", "محمد", "نورة", "خالد", "Reem", "Faisal"),
        ("العتيبي", "القحطاني", "Al-Harbi", "الدوسري"),
        (("حي العليا", "الرياض", "", "12211"), ("Al Hamra", "Jeddah", "", "23321")),
        ("شارع المثال {n}", "King Example Road {n}"),
        "+966 50 000 ####",
        ("شركة المثال التجارية",),
    ),
    "AE": Region(
        ("مريم", "سلطان", "Priya", "Omar", "عائشة"),
        ("المنصوري", "Al Mazrouei", "Nair", "الشامسي"),
        (("Jumeirah", "دبي", "", "00000"), ("Al Reem Island", "Abu Dhabi", "", "")),
        ("Villa {n}, Sample Street", "بناية {n}"),
        "+971 50 000 ####",
        ("Sample Trading LLC",),
    ),
    "IQ": Region(
        ("زينب", "علي", "حسين"),
        ("الجبوري", "العبيدي"),
        (("الكرادة", "بغداد", "", "10069"), ("", "Erbil", "", "44001")),
        ("شارع {n}",),
        "+964 770 000 ####",
        ("شركة تجريبية",),
    ),
    "KW": Region(
        ("دلال", "بدر", "Hessa"),
        ("المطيري", "Al-Rashidi"),
        (("السالمية", "Salmiya", "", "22001"),),
        ("Block {n}, Street 5",),
        "+965 5000 ####",
        ("Sample Gulf W.L.L.",),
    ),
    "BH": Region(
        ("Noora", "يوسف"),
        ("Al Doseri", "الخاجة"),
        (("Adliya", "Manama", "", "317"),),
        ("Road {n}",),
        "+973 3600 ####",
        ("Sample B.S.C.",),
    ),
    "JP": Region(
        ("花子", "太郎"),
        ("見本", "例田"),
        (("千代田区", "東京", "JP13", "100-0001"),),
        ("見本町{n}",),
        "+81 3 5550 ####",
        ("見本株式会社",),
    ),
}
MAIL_DOMAINS = ("example.com", "mail.example.com", "posta.example.org", "kunde.test", "musteri.test")


def draw_address(country: str, chance: random.Random) -> dict[str, Any]:
    """A billing address as WooCommerce shows it, with e-mail and telephone."""
    region = REGIONS[country]
    district, city, state, postcode = chance.choice(region.places)
    first, last = chance.choice(region.first_names), chance.choice(region.last_names)
    return {
        "first_name": first,
        "last_name": last,
        "company": chance.choice(region.companies) if chance.random() < 0.08 else "",
        "address_1": chance.choice(region.streets).format(n=chance.randint(1, 240)),
        "address_2": district,
        "city": city,
        "state": state,
        "postcode": postcode,
        "country": country,
        "email": f"customer{chance.randint(100, 9999)}@{chance.choice(MAIL_DOMAINS)}",
        "phone": _digits(region.phone, chance) if chance.random() < 0.97 else "",
    }


def draw_recipient(billing: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The shipping address: mostly the same, sometimes somebody else's, sometimes missing entirely."""
    shipping = {name: value for name, value in billing.items() if name not in ("email", "phone")}
    what = chance.random()
    if what < 0.06:  # virtual goods, or a theme that shows no shipping fields
        return dict.fromkeys(shipping, "") | {"phone": ""}
    if what < 0.18:
        other = draw_address(billing["country"], chance)
        shipping = {name: other[name] for name in shipping}
    return shipping | {"phone": billing["phone"] if chance.random() < 0.5 else ""}


def draw_note(chance: random.Random) -> str:
    notes = ("", "", "", "", "", "Lütfen zili çalmayın.", "Bitte beim Nachbarn abgeben &amp; klingeln.",
             "Gift – no invoice in the parcel, please.", "الاتصال قبل التوصيل")  # fmt: skip
    return chance.choice(notes)


def escaped(text: str) -> str:
    """What WordPress stores for text that was typed into a form."""
    return escape(text, quote=True).replace("&#x27;", "&#039;")


def _digits(pattern: str, chance: random.Random) -> str:
    return "".join(str(chance.randint(0, 9)) if sign == "#" else sign for sign in pattern)
