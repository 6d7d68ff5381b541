"""How WooCommerce writes orders, and what they mean here."""

import ipaddress
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from webapp.channels.base import Filters, ReadOrderSerializer
from webapp.channels.integrations.woocommerce import payment
from webapp.channels.integrations.woocommerce.answers import unlike
from webapp.channels.integrations.woocommerce.fields import (
    Payload,
    Source,
    amount,
    moment,
    number,
    percent,
    rows,
    text,
)
from webapp.channels.integrations.woocommerce.lines import Sale, read_sale
from webapp.channels.integrations.woocommerce.persons import (
    read_billing,
    read_customer,
    read_language,
    read_shipping,
)
from webapp.channels.integrations.woocommerce.remainder import read_remainder
from webapp.channels.integrations.woocommerce.statuses import DRAFTS, read_status
from webapp.channels.reading import ReadFailure, Skip
from webapp.channels.receiving import RawOrder
from webapp.core import exact_json
from webapp.core.http import Answer
from webapp.core.money import parse_currency
from webapp.orders.enums import ClientType, DeliveryType, FailureClass
from webapp.orders.inputs import OrderDraft

IN_STORE = frozenset({"pos", "pos-rest-api", "in-store"})


class WooOrderSerializer(ReadOrderSerializer):
    """Orders of the REST API v3."""

    def get_endpoint(self, remote_id: str | None = None, filter_params: Filters | None = None) -> str:
        """`orders/12`, or `orders?status=any&…`."""
        if remote_id is not None:
            return f"orders/{int(remote_id)}"
        return f"orders?{urlencode({'status': 'any', **(filter_params or {})})}"

    def raw_orders(self, answer: Answer) -> list[RawOrder]:
        """The orders of a list, or the one of an answer that is an order itself. Raises IntegrationError."""
        content = answer.text
        try:
            found = (
                list(exact_json.elements(content))
                if content.lstrip()[:1] == "["
                else [(exact_json.parse(content), content)]
            )
        except ValueError:
            raise answer.unreadable() from None
        if not all(_is_order(payload) for payload, _ in found):
            raise unlike(answer)
        return [self._raw(payload, words) for payload, words in found]

    def read(self, payload: Any, known: bool) -> OrderDraft | Skip:
        """What an order means here. Raises ReadFailure, and InvalidInput for an unknown currency."""
        if not _is_order(payload):
            raise ReadFailure(FailureClass.VALIDATION, "This is no order of WooCommerce.")
        raw_status = str(payload.get("status") or "")
        if raw_status in DRAFTS or (raw_status == "trash" and not known):
            return Skip(f"The shop's status is “{raw_status}”.")
        currency = parse_currency(str(payload.get("currency") or ""))
        source = Source.of(payload)
        sale = read_sale(source, currency, read_status(self.profile, raw_status))
        return self._draft(source, sale, raw_status)

    def with_line(self, payload: Payload, line: Payload) -> dict[str, Any]:
        """The payload with the line in the place of the one with its id, else behind the others."""
        lines = [dict(row) for row in rows(payload, "line_items")]
        kept = [row for row in lines if row.get("id") != line.get("id")]
        place = next((i for i, row in enumerate(lines) if row.get("id") == line.get("id")), len(lines))
        return {**payload, "line_items": [*kept[:place], dict(line), *kept[place:]]}

    def with_payment(self, payload: Payload, given: Payload) -> dict[str, Any]:
        """The payload with the payment's own fields (method, title, transaction, date) as given."""
        names = ("payment_method", "payment_method_title", "transaction_id", "date_paid", "date_paid_gmt")
        return {**payload, **{name: given[name] for name in names if name in given}}

    def _raw(self, payload: Mapping[str, Any], words: str) -> RawOrder:
        try:
            modified_at = self._moment(payload, "date_modified")
        except ReadFailure:
            modified_at = None  # The order is stored all the same; reading it will say what is wrong.
        number = text(payload.get("number")) or None
        return RawOrder(str(payload["id"]), number, modified_at, words, payload)

    def _draft(self, source: Source, sale: Sale, raw_status: str) -> OrderDraft:
        currency, payload = sale.currency, source.payload
        return OrderDraft(
            channel_id=self.profile.id,
            number=text(payload.get("number") or payload["id"]),
            remote_id=str(payload["id"]),
            status=sale.status,
            date_placed=self._date_placed(payload),
            customer=read_customer(source),
            shipping_address=read_shipping(source),
            billing_address=read_billing(source),
            currency=currency,
            amount=amount(currency, "total", payload.get("total"))
            + payment.gift_card_total(payload, currency),
            items=tuple(sale.items),
            discounts=tuple(sale.discounts),
            transactions=payment.read_payments(self.profile, source, currency),
            refunds=payment.read_refunds(payload, currency),
            shipping_amount=sale.shipping,
            shipping_tax_rate=_shipping_tax_rate(payload),
            interest_amount=sale.interest,
            remote_modified_at=self._moment(payload, "date_modified"),
            external_status=raw_status or None,
            payment_option_slug=payment.payment_slug(self.profile, payload),
            payment_option_name=text(payload.get("payment_method_title"), 120),
            installment_count=payment.instalment_count(source),
            bin_number=payment.bin_number(source),
            shipping_option_slug=_shipping_method(payload)[:64] or None,
            delivery_type=_delivery_type(payload),
            remote_addr=_remote_addr(payload),
            client_type=_client_type(payload),
            language_code=read_language(source),
            notes=text(payload.get("customer_note")) or None,
            extra_field=read_remainder(source),
        )

    def _date_placed(self, payload: Payload) -> datetime:
        names = ("date_created", "date_paid", "date_modified")
        found = next((moment for name in names if (moment := self._moment(payload, name))), None)
        if found is None:
            raise ReadFailure(FailureClass.VALIDATION, "The order has no date.")
        return found

    def _moment(self, payload: Payload, name: str) -> datetime | None:
        return moment(payload, name, str(self.profile.conf.get("time_zone") or "UTC"))


def _is_order(payload: Any) -> bool:
    return (
        isinstance(payload, Mapping)
        and isinstance(payload.get("id"), int)
        and payload["id"] > 0
        and {"status", "currency", "line_items"} <= payload.keys()
    )


def _shipping_method(payload: Payload) -> str:
    return next((text(line.get("method_id")) for line in rows(payload, "shipping_lines")), "")


def _delivery_type(payload: Payload) -> str | None:
    method = _shipping_method(payload)
    if not method:
        return None
    picked_up = method.startswith(("local_pickup", "pickup_location"))
    return (DeliveryType.STORE_PICKUP if picked_up else DeliveryType.STANDARD).value


def _client_type(payload: Payload) -> str:
    in_store = text(payload.get("created_via")) in IN_STORE
    return (ClientType.IN_STORE if in_store else ClientType.DEFAULT).value


def _shipping_tax_rate(payload: Payload) -> Decimal | None:
    """Per cent, from the tax on shipping; None where there is nothing to tax."""
    net, tax = (
        number(payload.get("shipping_total"), "shipping_total"),
        number(payload.get("shipping_tax"), "shipping_tax"),
    )
    if net <= 0 or tax < 0:
        return None
    named = {
        number(line.get("rate_percent"), "rate_percent")
        for line in rows(payload, "tax_lines")
        if number(line.get("shipping_tax_total"), "shipping_tax_total")
    }
    return percent(named.pop() if len(named) == 1 else tax / net * 100)


def _remote_addr(payload: Payload) -> str | None:
    """The customer's address; behind several proxies the first of a list."""
    found = text(payload.get("customer_ip_address")).partition(",")[0].strip()
    try:
        return str(ipaddress.ip_address(found))
    except ValueError:
        return None
