"""Who ordered, and where it goes: customer and addresses of a WooCommerce order."""

import hashlib

from webapp.channels.integrations.woocommerce.fields import Payload, Source, text
from webapp.core.text import fold
from webapp.orders.inputs import AddressDraft, CustomerDraft

# Where plug-ins keep what the law wants on an invoice, in the order in which they are believed.
TAX_NUMBER_KEYS = (
    "_billing_vat_number", "_billing_vat", "_vat_number", "vat_number", "_billing_tax_number", "_billing_vergi_no",
    "billing_vergi_no", "_billing_vkn", "_billing_tc_kimlik", "billing_tc", "_billing_tckn", "_billing_nip",
)  # fmt: skip
TAX_OFFICE_KEYS = ("_billing_tax_office", "_billing_vergi_dairesi", "billing_vergi_dairesi")
SHIPPING_PHONE_KEYS = ("_shipping_phone", "shipping_phone")
LANGUAGE_KEYS = ("wpml_language", "_wpml_language", "pll_language", "_order_language", "trp_language")


_NAMED = ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode")


def read_customer(source: Source) -> CustomerDraft:
    """The buyer: the shop's customer, or a guest known by the folded e-mail, or by the order where there is none."""
    billing, shipping = source.billing, source.shipping
    email = text(billing.get("email") or shipping.get("email"), 254)
    customer_id = str(source.payload.get("customer_id") or "0")
    known_by = fold(email) or f"order {source.payload.get('id')}"
    guest = "guest:" + hashlib.sha256(known_by.encode()).hexdigest()[:40]
    return CustomerDraft(
        remote_id=customer_id if customer_id != "0" else guest,
        first_name=text(billing.get("first_name") or shipping.get("first_name"), 120),
        last_name=text(billing.get("last_name") or shipping.get("last_name"), 120),
        email=email,
        phone=text(billing.get("phone") or shipping.get("phone"), 40),
        language_code=read_language(source),
    )


def read_language(source: Source) -> str | None:
    """The language the customer shopped in, where a plug-in keeps it."""
    return source.first(LANGUAGE_KEYS, 10) or None


def read_billing(source: Source) -> AddressDraft:
    """The billing address; the shipping address where there is none."""
    billing, shipping = source.billing, source.shipping
    return _address(
        billing if _is_address(billing) or not _is_address(shipping) else shipping,
        email=text(billing.get("email"), 254),
        phone=text(billing.get("phone"), 40),
        tax_office=source.first(TAX_OFFICE_KEYS, 120),
        tax_number=source.first(TAX_NUMBER_KEYS, 40),
    )


def read_shipping(source: Source) -> AddressDraft:
    """The shipping address; the billing address where it is empty, as for virtual goods."""
    billing, shipping = source.billing, source.shipping
    phone = text(shipping.get("phone"), 40) or source.first(SHIPPING_PHONE_KEYS, 40)
    return _address(
        shipping if _is_address(shipping) else billing,
        email=text(shipping.get("email") or billing.get("email"), 254),
        phone=phone or text(billing.get("phone"), 40),
    )


def _is_address(given: Payload) -> bool:
    return any(given.get(name) for name in _NAMED)


def _address(
    given: Payload, *, email: str, phone: str, tax_office: str = "", tax_number: str = ""
) -> AddressDraft:
    country = text(given.get("country")).upper()
    return AddressDraft(
        first_name=text(given.get("first_name"), 120),
        last_name=text(given.get("last_name"), 120),
        company=text(given.get("company"), 200),
        line1=text(given.get("address_1"), 300),
        line2=text(given.get("address_2"), 300),
        city=text(given.get("city"), 120),
        state=text(given.get("state"), 120),
        postcode=text(given.get("postcode"), 20),
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else "",
        phone=phone,
        email=email,
        tax_office=tax_office,
        tax_number=tax_number,
    )
