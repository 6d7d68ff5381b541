"""What services take: frozen facts, checked by whoever made them. Amounts are Decimal in `currency`, times aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from webapp.orders.enums import FailureClass, OrderStatus, TenderKind

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """A customer as a channel names them; `remote_id` is stable per channel ("42", or "guest:" and a hash)."""

    remote_id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    language_code: str | None = None


@dataclass(frozen=True, slots=True)
class AddressDraft:
    """One address; `country` is ISO 3166 alpha-2 or empty where the channel gave none."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    district: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""
    tax_office: str = ""
    tax_number: str = ""


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """One row of an order. `amount` is the gross of the row, tax included, before any discount.

    `tax_amount` None means the shop gave no tax and rule R7 (pricing) applies with `tax_rate` (percent).
    """

    remote_line_id: str
    position: int
    name: str
    quantity: Decimal
    amount: Decimal
    price: Decimal
    status: OrderStatus
    sku: str = ""
    ordered_quantity: Decimal | None = None
    discount_amount: Decimal = ZERO
    tax_rate: Decimal | None = None
    tax_amount: Decimal | None = None
    retail_price: Decimal | None = None
    external_status: str | None = None
    tracking_number: str | None = None
    image: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    extra_field: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DiscountDraft:
    """One discount. scope: line (already in its item), order, shipping or fee; `benefit_lines` empty means all items."""

    remote_id: str
    scope: str
    amount: Decimal
    name: str = ""
    code: str = ""
    remote_line_id: str | None = None
    benefit_lines: tuple[str, ...] = ()
    also_shipping: bool = False


@dataclass(frozen=True, slots=True)
class TransactionDraft:
    """One payment. `holder` "us" means our gateway has the money and we refund; "channel" means the shop does."""

    remote_id: str
    kind: TenderKind
    amount: Decimal
    holder: str = "channel"
    gateway: str | None = None
    gateway_ref: str | None = None
    authorised_amount: Decimal = ZERO
    captured_amount: Decimal = ZERO
    interest_amount: Decimal = ZERO
    installment_count: int = 1
    bin_number: str | None = None
    paid_at: datetime | None = None
    extra_field: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExternalRefundDraft:
    """A refund that was made at the channel; it counts in the caps. `amount` is positive."""

    remote_id: str
    amount: Decimal
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as a channel (or the API) gives it, in our words; discounts and shipping not yet distributed."""

    channel_id: int
    number: str
    remote_id: str | None
    status: OrderStatus
    date_placed: datetime
    customer: CustomerDraft
    shipping_address: AddressDraft
    billing_address: AddressDraft
    currency: str
    amount: Decimal
    items: tuple[ItemDraft, ...]
    discounts: tuple[DiscountDraft, ...] = ()
    transactions: tuple[TransactionDraft, ...] = ()
    refunds: tuple[ExternalRefundDraft, ...] = ()
    shipping_amount: Decimal = ZERO
    shipping_discount_amount: Decimal = ZERO
    shipping_tax_rate: Decimal | None = None
    interest_amount: Decimal = ZERO
    remote_modified_at: datetime | None = None
    external_status: str | None = None
    payment_option_slug: str | None = None
    payment_option_name: str = ""
    installment_count: int = 1
    bin_number: str | None = None
    shipping_option_slug: str | None = None
    delivery_type: str | None = None
    remote_addr: str | None = None
    client_type: str = "default"
    language_code: str | None = None
    notes: str | None = None
    extra_field: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of one draft. verdict: created, updated, unchanged or failed (then class and words say why)."""

    remote_id: str | None
    number: str
    verdict: str
    order_id: int | None = None
    failure_class: FailureClass | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class MoveItems:
    """Where items of an order are to go: all that are live, or the chosen ones. A step back needs `reason`."""

    target: OrderStatus
    items: frozenset[int] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class VendorWord:
    """What a vendor says of the items that it supplies, or of the chosen ones: where they stand, in which parcel.

    With a tracking number they have left, so `status` is not needed then.
    """

    status: OrderStatus | None = None
    items: frozenset[int] | None = None
    tracking_number: str = ""
    tracking_url: str = ""
    cargo_company_id: int | None = None


@dataclass(frozen=True, slots=True)
class PackageDraft:
    """One parcel as staff pack it: how many units of which item; `has_left` moves them to shipped at once."""

    contents: Mapping[int, Decimal]
    cargo_company_id: int | None = None
    tracking_number: str = ""
    tracking_url: str = ""
    has_left: bool = False
