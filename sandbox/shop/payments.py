"""How customers pay, what becomes of their orders, and what the payment plug-ins leave on them."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

CARD = ("stripe", "iyzico")
TITLES = {
    "stripe": "Credit Card (Stripe)",
    "iyzico": "Kredi Kartı / Banka Kartı (iyzico)",
    "cod": "Cash on delivery",
    "bacs": "Direct bank transfer",
    "paypal": "PayPal",
    "": "",
}
TITLES_TR = TITLES | {"cod": "Kapıda ödeme", "bacs": "Havale / EFT", "stripe": "Kredi Kartı (Stripe)"}
GULF = ("SA", "AE", "IQ", "KW", "BH")
# Monthly count → what the customer pays on top, in per cent. Zero: the shop carries the interest.
INSTALMENTS = {2: Decimal("0"), 3: Decimal("0"), 6: Decimal("4.2"), 9: Decimal("7.15"), 12: Decimal("10.9")}
CARD_FAMILIES = ("Bonus", "Axess", "World", "Maximum", "Paraf", "CardFinans")


@dataclass(frozen=True)
class Progress:
    """Where an order stands: its status and when it was paid and completed."""

    status: str
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    changed_at: datetime | None = None


def draw_method(country: str, chance: random.Random) -> str:
    if country == "TR":
        return _weighted(chance, {"iyzico": 48, "stripe": 14, "bacs": 20, "cod": 18})
    if country in GULF:
        return _weighted(chance, {"stripe": 58, "cod": 37, "bacs": 5})
    return _weighted(chance, {"stripe": 72, "bacs": 14, "paypal": 10, "cod": 4})


def draw_instalments(method: str, country: str, total: Decimal, chance: random.Random) -> int:
    """1 = paid at once. Only Turkish cards, only for amounts that are worth it."""
    if method != "iyzico" or country != "TR" or total < 500 or chance.random() < 0.45:
        return 1
    return chance.choice(list(INSTALMENTS))


def draw_progress(method: str, placed: datetime, now: datetime, chance: random.Random) -> Progress:
    """A plausible present for an order of that age."""
    age = now - placed
    if method == "bacs":
        return _draw_transfer(placed, age, chance)
    if method == "cod":
        return _draw_delivery(placed, age, chance)
    return _draw_card(placed, age, chance)


def _draw_card(placed: datetime, age: timedelta, chance: random.Random) -> Progress:
    luck = chance.random()
    if luck < 0.05:
        return Progress(
            "pending" if age < timedelta(hours=2) else "cancelled", changed_at=_later(placed, 60, age)
        )
    if luck < 0.08:
        return Progress("failed", changed_at=_later(placed, 2, age))
    paid = placed + min(timedelta(seconds=chance.randint(8, 240)), age)
    return _after_payment(placed, paid, age, chance)


def _draw_transfer(placed: datetime, age: timedelta, chance: random.Random) -> Progress:
    arrives_after = timedelta(hours=chance.randint(3, 80))
    if age < arrives_after:
        return Progress("on-hold", changed_at=placed)
    if chance.random() < 0.12:
        return Progress("cancelled", changed_at=placed + arrives_after)
    return _after_payment(placed, placed + arrives_after, age, chance)


def _draw_delivery(placed: datetime, age: timedelta, chance: random.Random) -> Progress:
    if chance.random() < 0.08:
        return Progress("cancelled", changed_at=_later(placed, 60 * 20, age))
    handed_over = placed + timedelta(hours=chance.randint(30, 130))
    if handed_over - placed < age:
        return Progress("completed", paid_at=handed_over, completed_at=handed_over, changed_at=handed_over)
    return Progress("processing", changed_at=placed)


def _after_payment(placed: datetime, paid: datetime, age: timedelta, chance: random.Random) -> Progress:
    done = paid + timedelta(hours=chance.randint(20, 150))
    if done - placed >= age:
        return Progress("processing", paid_at=paid, changed_at=paid)
    luck = chance.random()
    if luck < 0.05:
        return Progress("cancelled", paid_at=paid, changed_at=done)
    if luck < 0.09:
        return Progress("refunded", paid_at=paid, completed_at=done, changed_at=done)
    if luck < 0.11:  # a plug-in's own status: "handed to the carrier"
        return Progress("kargoya-verildi", paid_at=paid, changed_at=done)
    return Progress("completed", paid_at=paid, completed_at=done, changed_at=done)


def payment_meta(
    method: str, reference: str, currency: str, instalments: int, interest: Decimal, chance: random.Random
) -> list[tuple[str, Any]]:
    """Order meta as the payment plug-ins write it (README.md lists the keys)."""
    if method == "stripe":
        return [
            ("_stripe_intent_id", reference),
            ("_stripe_charge_captured", "yes"),
            ("_stripe_currency", currency),
        ]
    if method != "iyzico":
        return []
    meta: list[tuple[str, Any]] = [
        ("iyzico_payment_id", reference),
        ("iyzico_card_family", chance.choice(CARD_FAMILIES)),
        ("iyzico_card_type", "CREDIT_CARD"),
    ]
    if instalments > 1:
        meta += [("iyzico_no_of_installment", str(instalments)), ("iyzico_installment_fee", f"{interest:f}")]
    return meta


def draw_reference(method: str, chance: random.Random) -> str:
    """The payment's name at the bank; the shop registers it there under this name."""
    if method == "stripe":
        return f"pi_{chance.getrandbits(96):024x}"
    if method == "iyzico":
        return str(chance.randint(20_000_000, 2_000_000_000))
    if method == "paypal":
        return f"{chance.getrandbits(68):017X}"
    return ""


def _later(placed: datetime, minutes: int, age: timedelta) -> datetime:
    return placed + min(timedelta(minutes=minutes), age)


def _weighted(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]
