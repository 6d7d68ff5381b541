"""Plausible drafts as a channel's adapter makes them: 2.5 lines, some with coupon, shipping and instalments."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from webapp.orders.enums import OrderStatus, TenderKind
from webapp.orders.inputs import (
    AddressDraft,
    CustomerDraft,
    DiscountDraft,
    ItemDraft,
    OrderDraft,
    TransactionDraft,
)

FIRST = [
    "Elif",
    "Emre",
    "Ayşe",
    "Mehmet",
    "Zeynep",
    "Burak",
    "Gül",
    "Kerem",
    "Deniz",
    "Selin",
    "Çağrı",
    "Şule",
    "Anna",
    "Lukas",
    "Sophie",
    "Omar",
    "Layla",
    "Noor",
]
LAST = [
    "Yılmaz",
    "Kaya",
    "Demir",
    "Şahin",
    "Çelik",
    "Öztürk",
    "Aydın",
    "Arslan",
    "Doğan",
    "Koç",
    "Müller",
    "Weiß",
    "Dupont",
    "Nielsen",
    "García",
    "Haddad",
]
CITIES = ["İstanbul", "Ankara", "İzmir", "Bursa", "Antalya", "Berlin", "Wien", "Paris", "Dubai"]
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCTS = 5000
# Orders a customer places on average.
ORDERS_PER_CUSTOMER = 2


def make_drafts(number: int, *, seed: int = 1, first: int = 1) -> list[OrderDraft]:
    """So many orders of one shop, the same for the same seed."""
    chance = random.Random(seed)
    return [_draft(chance, at, number) for at in range(first, first + number)]


def _draft(chance: random.Random, at: int, number: int) -> OrderDraft:
    person = chance.randrange(number // ORDERS_PER_CUSTOMER + 1)
    first, last = FIRST[person % len(FIRST)], LAST[person // 7 % len(LAST)]
    email = f"{person}@example.com"
    home = _address(chance, first, last, email)
    lines = tuple(_lines(chance, at))
    off = (DiscountDraft(f"c{at}", "order", Decimal("7.50"), "AUTUMN", "AUTUMN"),) if at % 3 == 0 else ()
    shipping = Decimal("29.90") if at % 5 < 2 else Decimal(0)
    goods = sum((line.amount - line.discount_amount for line in lines), Decimal(0))
    amount = goods + shipping - sum((each.amount for each in off), Decimal(0))
    placed = SINCE + timedelta(seconds=at * 37)
    paid = TransactionDraft(
        "payment",
        TenderKind.CARD,
        amount,
        "channel",
        "stripe",
        f"ch_{at}",
        captured_amount=amount,
        paid_at=placed,
    )
    return OrderDraft(
        channel_id=1,
        number=str(100_000 + at),
        remote_id=str(at),
        status=lines[0].status,
        date_placed=placed,
        customer=CustomerDraft(str(person), first, last, email, "+90 532 000 00 00"),
        shipping_address=_address(chance, first, last, email) if at % 4 == 0 else home,
        billing_address=home,
        currency="TRY",
        amount=amount,
        items=lines,
        discounts=off,
        transactions=(paid,),
        shipping_amount=shipping,
        remote_modified_at=placed,
        external_status="processing",
        payment_option_slug="stripe",
        payment_option_name="Card",
        shipping_option_slug="Yurtiçi Kargo",
        remote_addr="192.0.2.7",
        extra_field={"order_key": f"wc_order_{at}", "cart_hash": "0123456789abcdef"},
    )


def _address(chance: random.Random, first: str, last: str, email: str) -> AddressDraft:
    return AddressDraft(
        first_name=first,
        last_name=last,
        line1=f"Moda Cad. {chance.randrange(1000)}/{chance.randrange(40)}",
        district="Merkez",
        city=chance.choice(CITIES),
        postcode=f"{chance.randrange(10000, 99999)}",
        country="TR",
        phone="+90 532 000 00 00",
        email=email,
    )


def _lines(chance: random.Random, at: int) -> Iterator[ItemDraft]:
    status = OrderStatus.APPROVED if at % 5 == 0 else OrderStatus.DELIVERED
    for position in range(chance.choice((1, 2, 2, 3, 4))):
        product = chance.randrange(PRODUCTS)
        amount = Decimal(chance.randrange(1_000, 50_000)).scaleb(-2)
        yield ItemDraft(
            remote_line_id=f"{at}{position}",
            position=position,
            name=f"Product {product}",
            quantity=Decimal(1),
            amount=amount,
            price=amount,
            status=status,
            sku=f"SKU-{product}",
            tax_rate=Decimal(20),
            tax_amount=(amount / 6).quantize(Decimal("0.01")),
            extra_field={"product_id": product, "variation_id": 0},
        )
