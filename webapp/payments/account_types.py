"""Which kinds of payment account there are, and what each needs to be told: a list to read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from webapp.core.errors import InvalidInput
from webapp.core.iban import compact_iban, is_iban
from webapp.core.money import parse_currency
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.payments.latin import in_bank_letters

_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
LONGEST_DELAY_S: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class AccountField:
    """One thing that staff enter. Secrets are encrypted and never shown again; `check` gives the value as it is kept."""

    name: str
    label: str
    is_secret: bool = False
    is_required: bool = True
    check: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class AccountType:
    """One kind of account. `pays_by_itself`: the machine carries refunds out; else a person does.

    `refunds_by_item`: each basket item of a payment is refunded for itself, so the basket must be known.
    """

    slug: str
    label: str
    fields: tuple[AccountField, ...]
    pays_by_itself: bool = True
    refunds_by_item: bool = False
    base_url: str = ""

    @property
    def secrets(self) -> frozenset[str]:
        """The names of what is encrypted."""
        return frozenset(field.name for field in self.fields if field.is_secret)


def _iban(text: str) -> str:
    if not is_iban(text):
        raise InvalidInput(N_("The IBAN is not valid: check it digit by digit."))
    return compact_iban(text)


def _bic(text: str) -> str:
    bic = text.replace(" ", "").upper()
    if bic and not _BIC.fullmatch(bic):
        raise InvalidInput(N_("A BIC has 8 or 11 letters and digits, such as TGBATRIS."))
    return bic


def _delay(text: str) -> str:
    if text and not (text.isdigit() and 1 <= int(text) <= LONGEST_DELAY_S):
        raise InvalidInput(N_("Write a number of seconds, at most a day."))
    return text


def _holder(text: str) -> str:
    if not in_bank_letters(text):
        raise InvalidInput(N_("Banks only take Latin letters, digits and / - ? : ( ) . , ' +"))
    return " ".join(text.split())


_WEBHOOK_SECRETS: Final = (
    AccountField("webhook_secret", N_("Webhook secret"), is_secret=True, is_required=False),
    # Lives on until every message signed with it has come.
    AccountField("webhook_secret_previous", N_("Previous webhook secret"), is_secret=True, is_required=False),
)

ACCOUNT_TYPES: Final[Mapping[str, AccountType]] = {
    kind.slug: kind
    for kind in (
        AccountType(
            "stripe",
            "Stripe",
            (AccountField("secret_key", N_("Secret key"), is_secret=True), *_WEBHOOK_SECRETS),
            base_url="https://api.stripe.com/v1",
        ),
        AccountType(
            "iyzico",
            "iyzico",
            (
                AccountField("api_key", N_("API key"), is_secret=True),
                AccountField("secret_key", N_("Secret key"), is_secret=True),
                AccountField(
                    "processing_delay_s",
                    N_("Seconds until a refund shows in the reports"),
                    is_required=False,
                    check=_delay,
                ),
            ),
            refunds_by_item=True,
            base_url="https://api.iyzipay.com",
        ),
        AccountType(
            "bank_transfer",
            N_("Bank transfer"),
            (
                AccountField("holder", N_("Account holder"), check=_holder),
                AccountField("iban", "IBAN", check=_iban),
                AccountField("bic", "BIC", is_required=False, check=_bic),
                AccountField("currency", N_("Currency"), check=parse_currency),
            ),
            pays_by_itself=False,
        ),
    )
}
# Payments over accounts of these types can be paid back by the machine.
PAYING_TYPES: Final = frozenset(kind.slug for kind in ACCOUNT_TYPES.values() if kind.pays_by_itself)
BY_ITEM_TYPES: Final = frozenset(kind.slug for kind in ACCOUNT_TYPES.values() if kind.refunds_by_item)


def account_type(slug: str) -> AccountType:
    """The type of that name. Raises InvalidInput naming those that exist."""
    try:
        return ACCOUNT_TYPES[slug]
    except KeyError:
        known = ", ".join(sorted(ACCOUNT_TYPES))
        raise InvalidInput(
            said(
                N_("There is no payment account type “%(slug)s”. Use one of: %(known)s."),
                slug=slug,
                known=known,
            ),
            fields={"gateway_type": [said(N_("Choose one of: %(known)s."), known=known)]},
        ) from None
