"""What was paid and what went back."""

from typing import Final

from webapp.verification.checks.check import Check, Rule

# What went back never exceeds what came in, and the ledger says the same.
REFUNDS: Final = Check(
    subject="'order ' || number",
    facts="""
    WITH paid AS (
        SELECT order_id, sum(captured_amount) AS captured, count(DISTINCT currency) AS currencies, min(currency) AS currency
        FROM payment_transaction WHERE order_id > :low AND order_id <= :high GROUP BY order_id
    ), booked AS (
        SELECT order_id, sum(amount) FILTER (WHERE kind = 'refund') AS out,
               sum(amount) FILTER (WHERE kind = 'reversal') AS back
        FROM ledger_entry WHERE order_id > :low AND order_id <= :high GROUP BY order_id
    )
    SELECT o.id, o.number, o.currency, o.refund_amount, o.money_mismatch, coalesce(p.captured, 0) AS captured,
           coalesce(b.out, 0) - coalesce(b.back, 0) AS booked, p.currency AS paid_in, p.currencies
    FROM orders o LEFT JOIN paid p ON p.order_id = o.id LEFT JOIN booked b ON b.order_id = o.id
    WHERE o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "refund_exceeds_payment",
            "refund_amount <= captured OR money_mismatch",
            "{refund_amount} {currency} went back, only {captured} came in.",
        ),
        Rule(
            "refund_not_in_ledger",
            "refund_amount = booked",
            "The order says that {refund_amount} {currency} went back, the ledger says {booked}.",
        ),
        Rule(
            "payment_currency",
            "currencies IS NULL OR (currencies = 1 AND paid_in = currency)",
            "The order is in {currency}, its payments are in {paid_in}.",
        ),
    ),
)

TRANSACTION_CAPS: Final = Check(
    subject="'payment ' || payment || ' of order ' || number",
    facts="""
        SELECT o.number, o.money_mismatch, t.id AS payment, t.captured_amount AS captured, t.currency, sum(r.amount) AS reserved
        FROM refund r JOIN payment_transaction t ON t.id = r.transaction_id JOIN orders o ON o.id = t.order_id
        WHERE r.order_id > :low AND r.order_id <= :high AND o.id > :low AND o.id <= :high AND r.state NOT IN ('declined', 'withdrawn')
          AND r.way <> 'release'
        GROUP BY o.id, t.id
    """,
    rules=(
        Rule(
            "transaction_cap",
            "reserved <= captured OR money_mismatch",
            "Refunds of {reserved} {currency} stand against a payment of {captured}.",
        ),
    ),
)

REFUND_ROWS: Final = Check(
    subject="'refund ' || id || ' of order ' || number",
    facts="""
        SELECT r.id, o.number, r.state, r.amount, r.currency, t.currency AS paid_in, l.amount AS booked,
               t.order_id = r.order_id AS same_order, p.order_id AS plan_order, r.order_id, r.way, v.amount AS taken_back
        FROM refund r JOIN payment_transaction t ON t.id = r.transaction_id JOIN orders o ON o.id = r.order_id
        LEFT JOIN ledger_entry l ON l.refund_id = r.id AND l.kind = 'refund'
        LEFT JOIN ledger_entry v ON v.refund_id = r.id AND v.kind = 'reversal'
        LEFT JOIN cancellation_plan p ON p.id = r.plan_id
        WHERE r.order_id > :low AND r.order_id <= :high AND o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "refund_currency",
            "currency = paid_in",
            "The refund is in {currency}, its payment in {paid_in}.",
        ),
        Rule(
            "refund_order",
            "same_order AND (plan_order IS NULL OR plan_order = order_id)",
            "The refund, its payment and its plan belong to different orders.",
        ),
        Rule(
            "succeeded_without_ledger",
            "state <> 'succeeded' OR booked = amount OR (way = 'release' AND booked IS NULL)",
            "The refund of {amount} {currency} succeeded, the ledger says {booked}.",
        ),
        Rule(
            "ledger_without_success",
            # What the bank took back was booked both ways and stands as declined.
            "booked IS NULL OR (state = 'succeeded' AND taken_back IS NULL)"
            " OR (state = 'declined' AND taken_back = booked)",
            "The ledger has the refund, which stands at {state}.",
        ),
    ),
)

PAID_ITEMS: Final = Check(
    subject="'item ' || id || ' of order ' || number",
    facts="""
        SELECT i.id, o.number, t.order_id AS payment_order, i.order_id
        FROM order_item i JOIN orders o ON o.id = i.order_id
        JOIN order_item_transaction x ON x.order_item_id = i.id JOIN payment_transaction t ON t.id = x.transaction_id
        WHERE i.order_id > :low AND i.order_id <= :high AND o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "item_of_another_payment",
            "payment_order = order_id",
            "The item is linked to a payment of another order.",
        ),
    ),
)

PLAN_ITEMS: Final = Check(
    subject="'plan ' || id || ' of order ' || number",
    facts="""
        SELECT p.id, o.number, p.status, p.order_id, i.order_id AS item_order, pi.is_open
        FROM cancellation_plan p JOIN orders o ON o.id = p.order_id
        JOIN cancellation_plan_item pi ON pi.plan_id = p.id JOIN order_item i ON i.id = pi.order_item_id
        WHERE p.order_id > :low AND p.order_id <= :high AND o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "plan_item_of_another_order", "item_order = order_id", "The plan holds an item of another order."
        ),
        Rule(
            "plan_item_open_flag",
            "is_open = (status NOT IN ('rejected', 'completed'))",
            "The plan stands at {status}, its items say otherwise.",
        ),
    ),
)
