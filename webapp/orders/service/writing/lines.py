"""The rows of lines, discounts and payments, for new orders and for what a known order gains."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import text

from webapp.cargo.carriers import tracking_url
from webapp.core.bulk import Row, Rows, plain_array
from webapp.orders.enums import AttentionKind, OrderStatus
from webapp.orders.inputs import DiscountDraft, ItemDraft, OrderDraft, TransactionDraft
from webapp.orders.models import DiscountItem, OrderItem, order_item_transaction
from webapp.orders.pricing import PricedItem, PricedOrder, steps_to_json
from webapp.orders.service.stock import reserved_by
from webapp.orders.service.writing.batch import Batch, Incoming
from webapp.orders.service.writing.decision import Beginning
from webapp.orders.service.writing.effects import ClosedItem, Effects
from webapp.orders.service.writing.incoming import DISTRIBUTED_SCOPES
from webapp.orders.service.writing.money import share_columns
from webapp.orders.service.writing.reference import KnownProduct, References
from webapp.payments.models import Transaction

LineKey = tuple[int, str]  # order, the shop's line id
PaymentKey = tuple[int, str]  # order, the channel's name of the payment

_ITEMS = Rows(
    OrderItem,
    "order_id remote_line_id position product_id data_source_id sku name quantity ordered_quantity"
    " status status_before_cancel external_status_id price_currency price retail_price amount discount_amount"
    " shipping_amount installment_interest_amount shipping_interest_amount rounding_amount tax_rate tax_amount"
    " tracking_number tracking_number_seen tracking_url shipping_company cargo_company_id image attributes"
    " extra_field price_steps",
)
_DISCOUNTS = Rows(
    DiscountItem,
    "order_id order_item_id remote_id scope name code amount applied_amount benefit_lines also_shipping",
)
_PAYMENTS = Rows(
    Transaction,
    "order_id kind remote_id holder gateway gateway_ref payment_option_id currency amount authorised_amount"
    " captured_amount interest_amount installment_count bin_number extra_field paid_at",
)
_LINKS = Rows(order_item_transaction, "order_item_id transaction_id")
_LINK = text("""
INSERT INTO order_item_transaction (order_item_id, transaction_id)
SELECT i.id, t.id FROM order_item i JOIN payment_transaction t ON t.order_id = i.order_id
WHERE i.order_id = ANY(CAST(:ids AS bigint[]))
ON CONFLICT DO NOTHING
""")
_KEEP_AMOUNTS = (
    "ON CONFLICT (order_id, remote_id) DO UPDATE SET order_item_id = excluded.order_item_id, scope = excluded.scope,"
    " name = excluded.name, code = excluded.code, amount = excluded.amount, applied_amount = excluded.applied_amount,"
    " benefit_lines = excluded.benefit_lines, also_shipping = excluded.also_shipping"
)


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line of an order that has its id, ready to become a row."""

    incoming: Incoming
    line: ItemDraft
    priced: PricedItem
    begins: Beginning


def insert_lines(
    batch: Batch,
    lines: Sequence[NewLine],
    references: References,
    products: Mapping[str, KnownProduct],
    effects: Effects,
) -> dict[LineKey, int]:
    """Insert the items and reserve their stock; gives their ids."""
    if not lines:
        return {}
    rows = [_item_row(new, references, products.get(new.line.sku)) for new in lines]
    for new in lines:
        _reserve(batch, new, products.get(new.line.sku), effects)
    inserted = _ITEMS.insert(
        batch.session,
        rows,
        same={"price_list_id": batch.price_list_id, "stock_list_id": batch.stock_list_id},
        tail="RETURNING id, order_id, remote_line_id",
    )
    return {(row.order_id, row.remote_line_id): row.id for row in inserted}


def _item_row(new: NewLine, references: References, product: KnownProduct | None) -> Row:
    line, priced, draft = new.line, new.priced, new.incoming.draft
    carrier = references.carriers.get(draft.shipping_option_slug or "")
    number = line.tracking_number
    return (
        new.incoming.id,
        line.remote_line_id,
        line.position,
        product and product.id,
        product and product.data_source_id,
        line.sku,
        line.name,
        line.quantity,
        line.quantity if line.ordered_quantity is None else line.ordered_quantity,
        int(new.begins.status),
        None if new.begins.before_cancel is None else int(new.begins.before_cancel),
        references.external_statuses.get(line.external_status or draft.external_status or ""),
        draft.currency,
        line.price,
        line.retail_price,
        priced.amount,
        priced.discount_amount,
        priced.shipping_amount,
        priced.installment_interest_amount,
        priced.shipping_interest_amount,
        priced.rounding_amount,
        line.tax_rate,
        priced.tax_amount,
        number,
        number,
        tracking_url(carrier.template, number) if carrier and number else None,
        carrier and carrier.slug,
        carrier and carrier.id,
        line.image,
        line.attributes,
        line.extra_field,
        steps_to_json(priced.discount_steps),
    )


def _reserve(batch: Batch, new: NewLine, product: KnownProduct | None, effects: Effects) -> None:
    if product is None:
        return
    reserved = reserved_by(
        product.id, batch.stock_list_id, new.begins.status, new.begins.before_cancel, new.line.quantity
    )
    if reserved is not None:
        effects.stock[reserved[0]] += reserved[1]


def keep_discounts(
    batch: Batch, orders: Sequence[Incoming], items: Mapping[LineKey, int], *, are_new: bool
) -> None:
    """Store the discounts as the channel gave them, with what each gave away in all."""
    rows = [row for each in orders for row in _discount_rows(each, items)]
    if rows:
        _DISCOUNTS.insert(batch.session, rows, tail="" if are_new else _KEEP_AMOUNTS)


def _discount_rows(incoming: Incoming, items: Mapping[LineKey, int]) -> Iterable[Row]:
    for discount, applied in _applied(incoming.draft, incoming.amounts):
        line = discount.remote_line_id
        yield (
            incoming.id,
            None if line is None else items.get((incoming.id, line)),
            discount.remote_id,
            discount.scope,
            discount.name,
            discount.code,
            discount.amount,
            applied,
            list(discount.benefit_lines),
            discount.also_shipping,
        )


def _applied(draft: OrderDraft, priced: PricedOrder) -> Iterable[tuple[DiscountDraft, Decimal]]:
    """Each discount with what it gave away; one that the channel had taken off already gave all of itself."""
    distributed = iter(priced.applied_discounts)
    for discount in draft.discounts:
        is_ours = discount.scope in DISTRIBUTED_SCOPES
        yield discount, next(distributed) if is_ours else discount.amount


def insert_payments(
    batch: Batch, payments: Sequence[tuple[Incoming, TransactionDraft]], references: References
) -> dict[PaymentKey, int]:
    """Insert the payments; gives their ids."""
    if not payments:
        return {}
    rows = [_payment_row(incoming, payment, references) for incoming, payment in payments]
    inserted = _PAYMENTS.insert(batch.session, rows, tail="RETURNING id, order_id, remote_id")
    return {(row.order_id, row.remote_id): row.id for row in inserted}


def _payment_row(incoming: Incoming, payment: TransactionDraft, references: References) -> Row:
    draft = incoming.draft
    return (
        incoming.order_id,
        payment.kind,
        payment.remote_id,
        payment.holder,
        payment.gateway,
        payment.gateway_ref,
        references.payment_options.get(draft.payment_option_slug or ""),
        draft.currency,
        payment.amount,
        payment.authorised_amount,
        payment.captured_amount,
        payment.interest_amount,
        payment.installment_count,
        payment.bin_number,
        payment.extra_field,
        payment.paid_at,
    )


def link_new_payments(batch: Batch, items: Mapping[LineKey, int], payments: Mapping[PaymentKey, int]) -> None:
    """Every new item with every new payment of its order; what was there before is not looked at."""
    of_order: dict[int, list[int]] = {}
    for (order_id, _), payment_id in payments.items():
        of_order.setdefault(order_id, []).append(payment_id)
    rows = [
        (item_id, payment_id)
        for (order_id, _), item_id in items.items()
        for payment_id in of_order.get(order_id, ())
    ]
    if rows:
        _LINKS.insert(batch.session, rows)


def link_payments(batch: Batch, order_ids: Iterable[int]) -> None:
    """Every item of these orders with every payment of its order."""
    ids = list(order_ids)
    if ids:
        batch.session.execute(_LINK, {"ids": plain_array(ids)})


def leave_ends(
    lines: Sequence[NewLine], items: Mapping[LineKey, int], effects: Effects, *, is_all: bool
) -> None:
    """Plans and requests for lines of one order that had ended at the channel before we heard of them."""
    closed, asked = [], []
    if not lines:
        return
    order_id, currency = lines[0].incoming.id, lines[0].incoming.draft.currency
    for new in lines:
        item_id = items[order_id, new.line.remote_line_id]
        if new.begins.is_closed:
            columns = share_columns(new.line, new.priced, currency)
            closed.append(ClosedItem(item_id, _before_end(new.begins), columns))
        elif new.begins.verdict is not None:
            effects.request(order_id, item_id, new.line.quantity)
            asked.append(item_id)
    if closed:
        effects.close(order_id, currency, closed, is_all=is_all and len(closed) == len(lines))
    if asked and any(new.begins.needs_attention for new in lines):
        words = "The channel ended items of this order, and we hold the money: it must be paid back."
        effects.alarm(order_id, AttentionKind.ENDED_WITH_OUR_MONEY, words, {"items": asked})


def _before_end(begins: Beginning) -> OrderStatus:
    return OrderStatus.DELIVERED if begins.status is OrderStatus.REFUNDED else OrderStatus.APPROVED
