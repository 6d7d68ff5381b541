"""Amounts of money: the only place that knows minor units, and the only place that rounds.

An amount is a `Decimal` with exactly the decimals of its currency; a currency is an upper-case ISO 4217 code.
Sums that split money work on whole minor units (`int`) inside and hand back `Decimal`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Final

from webapp.core.errors import InvalidInput

# ISO 4217 list one and the codes withdrawn within the last years: an old order keeps the currency it was
# paid in. Not Babel's figures: CLDR has the decimals people write (IQD 0), ISO those that accounts keep (3).
_CODES_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
        "GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR "
        "LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB "
        "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP "
        "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG "
        "ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: Final[dict[str, int]] = {
    code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()
}

# The money columns are NUMERIC(18, 4): fourteen digits before the point.
LARGEST_AMOUNT: Final = Decimal("99999999999999")

_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.([0-9]+))?")


class UnknownCurrency(InvalidInput):
    """The code is no ISO 4217 currency that amounts can be kept in."""

    code = "unknown_currency"


class InvalidAmount(InvalidInput):
    """The text or number is no amount of that currency; the message says what would be."""

    code = "invalid_amount"


@dataclass(frozen=True, slots=True)
class Allocation:
    """What each position got, and what no position could take because all had reached their caps."""

    shares: tuple[Decimal, ...]
    unplaced: Decimal


def is_currency(code: str) -> bool:
    """Whether `code` is an upper-case ISO 4217 code that amounts can be kept in."""
    return code in EXPONENTS


def parse_currency(text: str) -> str:
    """The code as kept inside, from any case, because the API writes `try`. Raises UnknownCurrency."""
    code = text.strip().upper()
    exponent(code)
    return code


def exponent(currency: str) -> int:
    """How many decimals the currency has by ISO 4217. Raises UnknownCurrency."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(
            f"“{currency}” is not an ISO 4217 currency code. Write three letters such as TRY or EUR.",
            details={"currency": currency},
        ) from None


@cache
def minor_unit(currency: str) -> Decimal:
    """The smallest amount of the currency: 0.01 TRY, 0.001 IQD, 1 JPY."""
    return Decimal(1).scaleb(-exponent(currency))


def zero(currency: str) -> Decimal:
    """Nothing, written with the currency's decimals."""
    return from_minor(0, currency)


def quantise(amount: Decimal | int | str, currency: str) -> Decimal:
    """The amount with the currency's decimals, halves away from zero; for numbers that others computed.

    Raises InvalidAmount for what is no finite number, and TypeError for a float, which has lost its cents.
    """
    number = _finite(amount)
    rounded = number.quantize(minor_unit(currency), ROUND_HALF_UP)
    if abs(rounded) > LARGEST_AMOUNT:
        raise InvalidAmount(f"{amount} is larger than any amount that can be kept.")
    return rounded


def in_words(amount: Decimal, currency: str) -> str:
    """`42.43 TRY`: as many decimals as the currency has, for sentences and logs."""
    return f"{quantise(amount, currency)} {currency}"


def parse_amount(text: str, currency: str) -> Decimal:
    """The amount a person or a program wrote: digits, a dot, at most the currency's decimals.

    Nothing is guessed or rounded: `1.000` is refused for TRY, because in Turkey it means a thousand.
    """
    decimals = exponent(currency)
    match = _PLAIN_NUMBER.fullmatch(text.strip())
    if match is None or len(match[1] or "") > decimals:
        example = str(quantise(Decimal("12.5"), currency))
        raise InvalidAmount(
            f"“{text}” is not an amount in {currency}. Write it like {example}, without thousands marks.",
            details={"currency": currency, "decimals": decimals},
        )
    return quantise(Decimal(text.strip()), currency)


# Zero and round prices come again and again: looked up, they cost a tenth.
@lru_cache(maxsize=16_384)
def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in whole minor units. Raises InvalidAmount if it has more decimals than the currency."""
    scaled = amount.scaleb(exponent(currency))
    minor = int(scaled)
    if minor != scaled:
        raise InvalidAmount(
            f"{amount} has more decimals than {currency} knows.", details={"currency": currency}
        )
    return minor


@lru_cache(maxsize=16_384)  # as above
def from_minor(minor: int, currency: str) -> Decimal:
    """The amount of so many minor units, with the currency's decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


def allocate(
    total: Decimal, weights: Sequence[Decimal | int], caps: Sequence[Decimal] | None = None, *, currency: str
) -> Allocation:
    """`allocate_minor` for amounts: largest remainder with caps, shares with the currency's decimals (R1)."""
    shares, unplaced = allocate_minor(
        to_minor(total, currency),
        _whole_numbers(weights),
        None if caps is None else [to_minor(cap, currency) for cap in caps],
    )
    return Allocation(tuple(from_minor(share, currency) for share in shares), from_minor(unplaced, currency))


def allocate_minor(
    total: int, weights: Sequence[int], caps: Sequence[int] | None = None
) -> tuple[list[int], int]:
    """Split `total` minor units by weight; gives the shares and what the caps left unplaced (R1).

    Exact share = total * weight / sum of weights. Floors first, then one unit each by largest fraction,
    larger weight, lower position. A share that reaches its cap keeps the cap and the rest goes over the
    others by the same rule. All weights 0 count as all 1. A negative total mirrors the positive one.
    Raises ValueError for a weight or cap below 0.
    """
    if any(weight < 0 for weight in weights) or (caps is not None and any(cap < 0 for cap in caps)):
        raise ValueError("Weights and caps of an allocation are never negative.")
    if total < 0:
        shares, unplaced = allocate_minor(-total, weights, caps)
        return [-share for share in shares], -unplaced
    shares = [0] * len(weights)
    open_positions, left = list(range(len(weights))), total
    while caps is not None and open_positions:
        capped = _positions_at_cap(left, weights, caps, open_positions)
        if not capped:
            break
        for position in capped:
            shares[position] = caps[position]
            left -= caps[position]
        open_positions = [position for position in open_positions if position not in capped]
    if not open_positions:
        return shares, left
    _place_by_largest_remainder(left, weights, open_positions, shares)
    return shares, 0


def slice_amount(
    amount: Decimal, quantity: Decimal | int, first: Decimal | int, last: Decimal | int, currency: str
) -> Decimal:
    """What the units `first`..`last` of a row hold: floor(A*last/q) - floor(A*first/q) minor units (R6).

    The slices of one row add up to it. A negative amount is sliced like its positive twin. A row whose
    quantity is no whole number of units is indivisible: only 0..quantity exists, else ValueError.
    """
    if not 0 <= first <= last <= quantity:
        raise ValueError(f"A row of {quantity} has no units {first} to {last}.")
    if first == 0 and last == quantity:
        return amount
    if not (_is_whole(quantity) and _is_whole(first) and _is_whole(last)):
        raise ValueError(f"A row of {quantity} can only be taken whole.")
    minor = slice_minor(to_minor(amount, currency), int(quantity), int(first), int(last))
    return from_minor(minor, currency)


def slice_minor(amount: int, quantity: int, first: int, last: int) -> int:
    """`slice_amount` in whole minor units of a whole number of units (`quantity` >= 1)."""
    if amount < 0:
        return -slice_minor(-amount, quantity, first, last)
    return amount * last // quantity - amount * first // quantity


def tax_included(net: Decimal, rate: Decimal, currency: str) -> Decimal:
    """The tax in a price that includes it: net * rate / (100 + rate), halves up; `rate` in per cent (R7)."""
    return from_minor(tax_included_minor(to_minor(net, currency), rate), currency)


def tax_included_minor(net: int, rate: Decimal) -> int:
    """`tax_included` in whole minor units; a negative net mirrors the positive one."""
    if net < 0:
        return -tax_included_minor(-net, rate)
    if rate < 0:
        raise ValueError(f"A tax rate of {rate} per cent is below zero.")
    part, scale = rate.as_integer_ratio()
    whole = 100 * scale + part
    return (2 * net * part + whole) // (2 * whole)


def _finite(amount: Decimal | int | str) -> Decimal:
    if isinstance(amount, float):
        raise TypeError("An amount is never a float: read it as text or Decimal.")
    if (
        isinstance(amount, str) and "_" in amount
    ):  # Decimal takes 1_000, a channel means something else by it.
        raise InvalidAmount(f"“{amount}” is not a number.")
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise InvalidAmount(f"“{amount}” is not a number.") from None
    # The bound keeps quantize inside the decimal context, whatever a channel sends (1E+999 is valid JSON).
    if not number.is_finite() or abs(number) > 10 * LARGEST_AMOUNT:
        raise InvalidAmount(f"“{amount}” is not an amount that can be kept.")
    return number


def _positions_at_cap(
    left: int, weights: Sequence[int], caps: Sequence[int], positions: list[int]
) -> set[int]:
    """The open positions whose exact share is at or over their cap.

    Taking them all at once is right: each takes less than its proportion, so the others' shares only grow.
    """
    weight_sum = sum(weights[position] for position in positions)
    if weight_sum == 0:
        return {position for position in positions if left >= caps[position] * len(positions)}
    return {position for position in positions if left * weights[position] >= caps[position] * weight_sum}


def _place_by_largest_remainder(
    left: int, weights: Sequence[int], positions: list[int], shares: list[int]
) -> None:
    """Give `left` units to `positions` without caps, writing into `shares`."""
    weight_sum = sum(weights[position] for position in positions)
    used = {position: weights[position] if weight_sum else 1 for position in positions}
    weight_sum = weight_sum or len(positions)
    remainders = []
    given = 0
    for position in positions:
        share, remainder = divmod(left * used[position], weight_sum)
        shares[position] = share
        given += share
        remainders.append((-remainder, -used[position], position))
    remainders.sort()
    for _, _, position in remainders[: left - given]:
        shares[position] += 1


def _whole_numbers(weights: Sequence[Decimal | int]) -> list[int]:
    """The weights as whole numbers in the same proportion, so that no fraction is ever rounded."""
    exact = [Decimal(weight) for weight in weights]
    places = max((-int(weight.as_tuple().exponent) for weight in exact), default=0)
    return [int(weight.scaleb(max(places, 0))) for weight in exact]


def _is_whole(number: Decimal | int) -> bool:
    return number == int(number)
