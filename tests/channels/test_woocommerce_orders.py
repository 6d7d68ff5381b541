"""What a WooCommerce order means here, field by field."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.channels.samples import changed, profile, read, sample
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.profile import Mapped
from webapp.channels.reading import ReadFailure, Skip
from webapp.core.money import UnknownCurrency
from webapp.orders.enums import FailureClass, OrderStatus, TenderKind

D = Decimal


def test_order_when_read_then_its_head_is_in_our_words() -> None:
    draft = read(sample("order_guest_prices_include_tax"))

    assert (draft.number, draft.remote_id, draft.channel_id) == ("7101", "7101", 1)
    assert draft.date_placed == datetime(2026, 3, 4, 9, 15, 30, tzinfo=UTC)
    assert draft.remote_modified_at == datetime(2026, 3, 4, 9, 15, 30, tzinfo=UTC)
    assert (draft.status, draft.external_status) == (OrderStatus.APPROVED, "processing")
    assert (draft.currency, draft.amount) == ("EUR", D("47.48"))
    assert (draft.shipping_amount, draft.shipping_tax_rate) == (D("7.48"), D("19.000"))
    assert (draft.shipping_option_slug, draft.delivery_type) == ("flat_rate", "standard")
    assert (draft.remote_addr, draft.client_type) == ("192.0.2.17", "default")
    assert draft.payment_option_slug == "card_gateway"
    assert draft.payment_option_name == "Credit / debit card"


def test_line_when_read_then_gross_discount_and_tax_come_from_its_totals() -> None:
    (item,) = read(sample("order_guest_prices_include_tax")).items

    assert item.name == "Wollmütze „Nord“"
    assert (item.sku, item.quantity) == ("MTZ-NRD-1", D(1))
    assert (item.amount, item.discount_amount) == (D("40.00"), D("0.00"))
    assert (item.price, item.tax_amount, item.tax_rate) == (D("40.00"), D("6.39"), D("19.000"))


def test_discount_when_a_coupon_was_used_then_taken_from_the_lines_and_never_from_the_coupon() -> None:
    draft = read(sample("order_coupon_fee_fractional_quantity"))

    basket, coffee, fee = draft.items
    assert (basket.amount, basket.discount_amount) == (D("66.00"), D("26.40"))
    assert (coffee.quantity, coffee.amount, coffee.discount_amount) == (D("1.500"), D("13.20"), D("13.20"))
    assert coffee.sku == "88210"
    assert (fee.name, fee.amount, fee.extra_field["kind"]) == ("$80.25 fee", D("80.25"), "fee")
    assert [(each.scope, each.amount, each.code) for each in draft.discounts] == [
        ("line", D("26.40"), "36€off"),
        ("line", D("13.20"), "36€off"),
    ]


def test_fee_when_negative_then_a_discount_on_everything() -> None:
    draft = read(sample("order_below_zero"))

    (item,) = draft.items
    (discount,) = draft.discounts
    assert draft.amount == D("-14.30")
    assert (item.amount, discount.amount) == (D("100.00"), D("114.30"))
    assert (discount.scope, discount.also_shipping, discount.name) == ("order", True, "Store credit & more")
    assert draft.transactions == ()


def test_fee_when_it_is_the_instalment_interest_then_interest_and_no_item() -> None:
    draft = read(sample("order_instalments"))

    assert [item.name for item in draft.items] == ["Koşu Ayakkabısı “Poyraz”"]
    assert (draft.interest_amount, draft.installment_count) == (D("36.00"), 3)
    assert draft.amount == D("1236.00")
    assert draft.language_code == "tr"


def test_instalment_fee_when_no_fee_line_holds_it_then_no_interest() -> None:
    draft = read(changed("order_instalments", fee_lines=[], total="1200.00"))
    assert draft.interest_amount == D("0.00")


def test_quantity_when_zero_then_the_row_stays_with_its_amount() -> None:
    free, emptied = read(sample("order_nothing_to_pay")).items
    assert (free.quantity, emptied.quantity) == (D(1), D(0))
    assert (emptied.amount, emptied.price) == (D("0.00"), D("0.00"))


@pytest.mark.parametrize(
    ("name", "currency", "amount", "shipping"),
    [
        ("order_three_decimals", "KWD", "12.375", "2.500"),
        ("order_without_decimals", "IQD", "29000.000", "8000.000"),
    ],
)
def test_currency_when_it_has_other_decimals_then_amounts_have_those_of_iso(
    name: str, currency: str, amount: str, shipping: str
) -> None:
    draft = read(sample(name))
    assert (draft.currency, str(draft.amount), str(draft.shipping_amount)) == (currency, amount, shipping)


def test_gift_card_when_it_paid_a_part_then_a_tender_of_its_own_and_not_a_discount() -> None:
    draft = read(sample("order_gift_card"))

    card, gift = draft.transactions
    assert draft.amount == D("200.00")
    assert (card.kind, card.amount, card.captured_amount) == (
        TenderKind.MARKETPLACE,
        D("150.00"),
        D("150.00"),
    )
    assert (gift.kind, gift.amount, gift.captured_amount) == (TenderKind.LOYALTY, D("50.00"), D("50.00"))
    assert gift.extra_field["title"] == "…9876"
    assert "ABCD-EFGH" not in repr(draft)


def test_guest_when_two_orders_have_the_same_mailbox_then_one_customer() -> None:
    first = read(sample("order_guest_prices_include_tax")).customer
    billing = {**sample("order_guest_prices_include_tax")["billing"], "email": "KAETHE@Kunde.test "}
    second = read(changed("order_guest_prices_include_tax", id=1, billing=billing)).customer

    assert first.remote_id.startswith("guest:") and len(first.remote_id) == 46
    assert second.remote_id == first.remote_id
    assert "kaethe" not in first.remote_id


def test_guest_when_no_mailbox_was_left_then_a_customer_of_this_order() -> None:
    billing = {**sample("order_guest_prices_include_tax")["billing"], "email": ""}
    first = read(changed("order_guest_prices_include_tax", billing=billing)).customer
    second = read(changed("order_guest_prices_include_tax", id=2, billing=billing)).customer
    assert first.remote_id != second.remote_id


def test_customer_when_known_to_the_shop_then_its_number() -> None:
    assert read(sample("order_subscription_renewal")).customer.remote_id == "900017"


def test_shipping_address_when_empty_then_the_billing_one() -> None:
    draft = read(sample("order_unknown_status_and_rounding"))
    assert draft.shipping_address.line1 == draft.billing_address.line1 == "Papatya Sokak No: 8"
    assert draft.billing_address.first_name == "İpek & Işık"


@pytest.mark.parametrize("empty", [[], {}, None, ...])
def test_addresses_when_the_shop_has_none_at_all_then_empty_and_imported(empty: Any) -> None:
    draft = read(changed("order_nothing_to_pay", billing=empty, shipping=empty))
    assert (draft.shipping_address.city, draft.billing_address.country) == ("", "")
    assert draft.customer.email == ""


def test_address_when_plugins_keep_more_of_it_then_taken_from_there() -> None:
    draft = read(sample("order_instalments"))
    assert draft.billing_address.tax_number == "00000000000"
    assert draft.billing_address.tax_office == "Kadıköy"
    assert read(sample("order_many_lines_partly_refunded")).shipping_address.phone == "+90 216 555 01 10"


def test_country_when_it_is_no_code_then_kept_beside_the_address() -> None:
    billing = {**sample("order_created")["billing"], "country": "Türkiye"}
    draft = read(changed("order_created", billing=billing))
    assert draft.billing_address.country == ""
    assert draft.extra_field["country"]["billing"] == "Türkiye"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("pending", OrderStatus.PAYMENT_WAITING),
        ("failed", OrderStatus.PAYMENT_WAITING),
        ("on-hold", OrderStatus.CONFIRMATION_WAITING),
        ("processing", OrderStatus.APPROVED),
        ("completed", OrderStatus.DELIVERED),
        ("cancelled", OrderStatus.CANCELLED),
        ("refunded", OrderStatus.REFUNDED),
        ("kargoya-verildi", OrderStatus.WAITING),
        ("", OrderStatus.WAITING),
    ],
)
def test_status_when_read_then_order_and_items_have_it_and_the_raw_word_is_kept(
    raw: str, status: OrderStatus
) -> None:
    draft = read(changed("order_created", status=raw))
    assert draft.status is status
    assert {item.status for item in draft.items} == {status}
    assert draft.external_status == (raw or None)


def test_status_when_staff_mapped_it_then_as_mapped() -> None:
    mappings = {("status", "kargoya-verildi"): Mapped("500", {})}
    assert read(sample("order_unknown_status_and_rounding"), mappings=mappings).status is OrderStatus.SHIPPED


def test_status_when_the_shop_ships_and_calls_it_completed_then_by_the_channels_setting() -> None:
    assert read(sample("order_completed"), conf={"completed_means": "shipped"}).status is OrderStatus.SHIPPED


@pytest.mark.parametrize("raw", ["draft", "auto-draft", "checkout-draft"])
def test_draft_when_read_then_skipped(raw: str) -> None:
    found = WooOrderSerializer(profile()).read(changed("order_draft_empty", status=raw), False)
    assert found == Skip(f"The shop's status is “{raw}”.")


def test_trash_when_we_have_the_order_then_cancelled_else_skipped() -> None:
    payload = changed("order_created", status="trash")
    assert isinstance(WooOrderSerializer(profile()).read(payload, False), Skip)
    assert read(payload, known=True).status is OrderStatus.CANCELLED


def test_refunds_when_made_at_the_shop_then_external_and_those_of_nothing_left_out() -> None:
    payload = sample("order_many_lines_partly_refunded")
    payload["refunds"].append({"id": 7199, "reason": "came back", "total": "-0.00"})
    draft = read(payload)
    assert [(each.remote_id, each.amount, each.reason) for each in draft.refunds] == [
        ("7190", D("17.40"), "Sold out"),
        ("7188", D("8.70"), ""),
    ]


def test_tracking_number_when_the_extension_has_one_then_on_every_item() -> None:
    draft = read(sample("order_many_lines_partly_refunded"))
    assert {item.tracking_number for item in draft.items} == {"986578788855"}


def test_payment_when_not_mapped_then_the_channel_holds_the_money() -> None:
    (payment,) = read(sample("order_guest_prices_include_tax")).transactions
    assert (payment.kind, payment.holder, payment.gateway) == (TenderKind.MARKETPLACE, "channel", None)
    assert (payment.gateway_ref, payment.captured_amount) == ("pay_7101x", D("47.48"))
    assert payment.paid_at == datetime(2026, 3, 4, 9, 15, 30, tzinfo=UTC)


def test_payment_when_mapped_to_our_gateway_then_we_hold_the_money() -> None:
    mapping = Mapped("credit_card", {"tender": "card", "gateway": "stripe", "holder": "us"})
    draft = read(
        sample("order_guest_prices_include_tax"), mappings={("payment_method", "card_gateway"): mapping}
    )
    (payment,) = draft.transactions
    assert (payment.kind, payment.holder, payment.gateway) == (TenderKind.CARD, "us", "stripe")
    assert draft.payment_option_slug == "credit_card"


def test_payment_when_on_delivery_then_nothing_is_captured_before() -> None:
    (payment,) = read(sample("order_cod_line_options")).transactions
    assert (payment.kind, payment.captured_amount, payment.paid_at) == (
        TenderKind.PAY_ON_DELIVERY,
        D("0.00"),
        None,
    )
    (payment,) = read(sample("order_without_decimals")).transactions
    assert (payment.kind, payment.captured_amount) == (TenderKind.PAY_ON_DELIVERY, D("29000.000"))


def test_payment_when_only_reserved_on_the_card_then_authorised() -> None:
    meta = [{"id": 1, "key": "_stripe_charge_captured", "value": "no"}]
    (payment,) = read(changed("order_guest_prices_include_tax", meta_data=meta)).transactions
    assert (payment.authorised_amount, payment.captured_amount) == (D("47.48"), D("0.00"))


def test_payment_when_something_went_back_then_it_had_been_paid() -> None:
    payload = sample("orders_listed")[1]
    assert payload["date_paid_gmt"] is None
    (payment,) = read(payload).transactions
    assert (payment.kind, payment.captured_amount) == (TenderKind.FUNDS_TRANSFER, D("40.20"))


def test_options_when_the_customer_chose_some_then_they_are_the_items_attributes() -> None:
    (item,) = read(sample("order_cod_line_options")).items
    assert item.attributes == {"Yazı (+3.50)": "Canım Annem", "Renk": "Lacivert"}


def test_bundle_when_read_then_its_parts_name_their_parent() -> None:
    box, soap, hat, _ = read(sample("order_bundled_items")).items
    assert soap.extra_field["bundled_by"] == hat.extra_field["bundled_by"] == int(box.remote_line_id)
    assert (soap.amount, soap.quantity) == (D("0.00"), D(2))


def test_remainder_when_kept_then_it_names_no_person_and_no_key_of_theirs() -> None:
    for name in ("order_guest_prices_include_tax", "order_subscription_renewal", "order_instalments"):
        draft = read(sample(name))
        kept = repr(draft.extra_field)
        for secret in (
            "wc_order_sample",
            "cus_sample",
            "pm_sample",
            "0123456789abcdef",
            "Mozilla",
            "00000000000",
        ):
            assert secret not in kept
        assert draft.customer.email not in kept
    assert draft.extra_field["meta"]["iyzico_payment_id"] == "20012345"
    assert draft.extra_field["shipping_lines" if draft.shipping_amount else "tax_lines"]


def test_local_time_when_there_is_no_utc_then_by_the_channels_zone() -> None:
    payload = changed("order_created", date_created_gmt=None, date_created="2026-03-04T12:15:30")
    assert read(payload, conf={"time_zone": "Europe/Istanbul"}).date_placed == datetime(
        2026, 3, 4, 9, 15, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("values", "failure_class", "words"),
    [
        ({"total": "12,50"}, FailureClass.MONEY, "total"),
        ({"total": "NaN"}, FailureClass.MONEY, "total"),
        ({"total": "1e99"}, FailureClass.MONEY, "total"),
        ({"line_items": []}, FailureClass.VALIDATION, "no lines"),
        ({"date_created_gmt": "yesterday"}, FailureClass.VALIDATION, "date_created"),
        (
            dict.fromkeys(
                (
                    "date_created",
                    "date_created_gmt",
                    "date_paid",
                    "date_paid_gmt",
                    "date_modified",
                    "date_modified_gmt",
                )
            ),
            FailureClass.VALIDATION,
            "no date",
        ),
        ({"line_items": [{"id": 1, "quantity": -2, "total": "1.00"}]}, FailureClass.VALIDATION, "quantity"),
        ({"line_items": [{"id": 1, "quantity": 1, "total": "abc"}]}, FailureClass.MONEY, "line 1"),
    ],
)
def test_order_when_a_field_cannot_be_read_then_a_failure_names_it(
    values: dict[str, Any], failure_class: FailureClass, words: str
) -> None:
    with pytest.raises(ReadFailure, match=words) as failure:
        read(changed("order_created", **values))
    assert failure.value.failure_class is failure_class


def test_currency_when_unknown_then_refused_with_its_code() -> None:
    with pytest.raises(UnknownCurrency, match="QQQ"):
        read(changed("order_created", currency="QQQ"))


@pytest.mark.parametrize("payload", [[], "text", {"id": 0}, {"code": "rest_no_route"}, 7])
def test_payload_when_it_is_no_order_then_says_so(payload: Any) -> None:
    with pytest.raises(ReadFailure, match="no order"):
        WooOrderSerializer(profile()).read(payload, False)


def test_line_when_its_total_is_above_its_subtotal_then_no_discount_below_zero() -> None:
    line = {
        "id": 5,
        "name": "Dearer",
        "quantity": 1,
        "subtotal": "10.00",
        "subtotal_tax": "0",
        "total": "12.00",
        "total_tax": "0",
    }
    draft = read(changed("order_created", line_items=[line]))
    assert (draft.items[0].amount, draft.items[0].discount_amount) == (D("12.00"), D("0.00"))


def test_line_when_its_total_is_below_zero_then_the_rest_is_a_discount_on_everything() -> None:
    line = {
        "id": 5,
        "name": "Voucher",
        "quantity": 1,
        "subtotal": "-3.00",
        "subtotal_tax": "0",
        "total": "-3.00",
        "total_tax": "0",
    }
    draft = read(changed("order_created", line_items=[*sample("order_created")["line_items"], line]))
    assert draft.items[-1].amount == D("0.00")
    assert draft.discounts[-1].amount == D("3.00")


def test_texts_when_longer_than_their_columns_then_cut_and_the_order_is_not_lost() -> None:
    billing = {**sample("order_created")["billing"], "phone": "9" * 90, "first_name": "x" * 400}
    draft = read(changed("order_created", billing=billing))
    assert (len(draft.billing_address.phone), len(draft.customer.first_name)) == (40, 120)
