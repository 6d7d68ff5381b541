"""Which columns a channel's draft may change, and which are read to compare with."""

from collections.abc import Iterable
from typing import Final

# Columns of the order that a channel may change by its word alone; their names are the draft's too.
PLAIN_COLUMNS: Final = (
    "number",
    "date_placed",
    "payment_option_slug",
    "installment_count",
    "bin_number",
    "shipping_option_slug",
    "shipping_tax_rate",
    "delivery_type",
    "client_type",
    "language_code",
    "notes",
)
ORDER_AMOUNTS: Final = (
    "amount",
    "discount_amount",
    "shipping_amount",
    "shipping_discount_amount",
    "installment_interest_amount",
    "shipping_interest_amount",
    "rounding_amount",
    "unapplied_discount",
)
# Everything of an order that a pull may write.
ORDER_COLUMNS: Final = (
    *PLAIN_COLUMNS,
    *ORDER_AMOUNTS,
    "currency",
    "money_mismatch",
    "money_seen",
    "refund_amount",
    "status",
    "is_send",
    "cancel_status",
    "partially_cancelled",
    "partially_refunded",
    "partially_shipped",
    "item_count",
    "external_status_id",
    "extra_field",
    "customer_id",
    "shipping_address_id",
    "billing_address_id",
    "shipping_address_seen_id",
    "billing_address_seen_id",
    "payment_option_id",
    "installment_id",
    "cargo_company_id",
    "shipping_company",
    "tracking_number",
    "remote_modified_at",
)
# The money of a row, as orders/pricing computes it.
SHARES: Final = (
    "amount",
    "discount_amount",
    "shipping_amount",
    "installment_interest_amount",
    "shipping_interest_amount",
    "rounding_amount",
    "tax_amount",
)
ITEM_COLUMNS: Final = (
    *SHARES,
    "name",
    "sku",
    "product_id",
    "data_source_id",
    "price",
    "retail_price",
    "price_currency",
    "price_steps",
    "quantity",
    "tax_rate",
    "position",
    "image",
    "attributes",
    "extra_field",
    "status",
    "status_before_cancel",
    "external_status_id",
    "tracking_number",
    "tracking_number_seen",
    "tracking_url",
    "cargo_company_id",
    "shipping_company",
    "shipped_date",
    "delivered_date",
)
# What the channel may change of a payment by its word; the names are the draft's too.
PAYMENT_COLUMNS: Final = (
    "kind",
    "holder",
    "gateway",
    "gateway_ref",
    "amount",
    "authorised_amount",
    "captured_amount",
    "interest_amount",
    "installment_count",
    "bin_number",
    "paid_at",
)
JSON_COLUMNS: Final = frozenset({"extra_field", "attributes", "price_steps", "edited_here"})


def selected(table: str, columns: Iterable[str]) -> str:
    """A SELECT list; JSON comes as text, because most of it is empty and needs no parsing."""
    return ", ".join(
        f"{table}.{name}::text AS {name}" if name in JSON_COLUMNS else f"{table}.{name}" for name in columns
    )
