"""Orders and their items: sums, statuses, what links them to each other."""

from typing import Final

from webapp.verification.checks.check import Check, Rule

# Rule R5 (webapp/orders/pricing) and the sums that the order repeats from its items.
MONEY: Final = Check(
    subject="'order ' || number",
    facts="""
    WITH sums AS (
        SELECT order_id,
               sum(amount) AS gross, sum(discount_amount) AS discount, sum(shipping_amount) AS shipping,
               sum(installment_interest_amount) AS interest, sum(shipping_interest_amount) AS shipping_interest,
               sum(rounding_amount) AS rounding, sum(refund_amount) AS refunded,
               count(*) FILTER (WHERE part = 0) AS lines
        FROM order_item WHERE order_id > :low AND order_id <= :high GROUP BY order_id
    )
    SELECT o.id, o.number, o.amount, o.currency, o.item_count, coalesce(s.lines, 0) AS lines,
           coalesce(s.gross - s.discount + s.shipping + s.interest + s.shipping_interest + s.rounding, 0) AS parts,
           coalesce(s.shipping, 0) AS shipping_shares, o.shipping_amount - o.shipping_discount_amount AS net_shipping,
           coalesce(s.interest, 0) AS item_interest, o.installment_interest_amount AS interest,
           coalesce(s.shipping_interest, 0) AS item_shipping_interest, o.shipping_interest_amount AS shipping_interest,
           coalesce(s.rounding, 0) AS item_rounding, o.rounding_amount AS rounding,
           coalesce(s.discount, 0) AS item_discount, o.discount_amount AS discount, o.money_mismatch,
           (e.digits)::int AS digits, o.refund_amount, o.unapplied_discount, o.shipping_discount_amount
    FROM orders o LEFT JOIN sums s ON s.order_id = o.id
    LEFT JOIN jsonb_each_text(CAST(:exponents AS jsonb)) AS e(code, digits) ON e.code = o.currency
    WHERE o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "money_identity",
            # Below 0 the rows stop: what is missing must be unapplied discount (orders/pricing/identity.py).
            "money_mismatch OR amount = parts"
            " OR (amount < 0 AND abs(amount + unapplied_discount - parts) <= lines * power(10::numeric, -digits))",
            "The order says {amount} {currency}, its parts make {parts}.",
        ),
        Rule(
            "shipping_shares",
            "money_mismatch OR lines = 0 OR shipping_shares = net_shipping",
            "The items carry {shipping_shares} of shipping, the order has {net_shipping}.",
        ),
        Rule(
            "interest_shares",
            "money_mismatch OR lines = 0 OR item_interest + item_shipping_interest = interest + shipping_interest",
            "The items carry {item_interest} + {item_shipping_interest} of interest, the order has {interest} + {shipping_interest}.",
        ),
        Rule(
            "rounding_shares",
            "lines = 0 OR item_rounding = rounding",
            "The items carry {item_rounding} of rounding, the order has {rounding}.",
        ),
        Rule(
            "discount_shares",
            "money_mismatch OR item_discount <= discount",
            "The items carry {item_discount} of discount, more than the order's {discount}.",
        ),
        Rule(
            "currency_known",
            "digits IS NOT NULL",
            "{currency} is not a currency that amounts can be kept in.",
        ),
        Rule(
            "minor_units",
            "digits IS NULL OR amount = round(amount, digits)",
            "{amount} has more decimals than {currency} knows.",
        ),
        Rule(
            "item_count",
            "item_count = lines",
            "The order counts {item_count} lines and has {lines}.",
        ),
    ),
    parameters=("low", "high", "exponents"),
)

# The order's status, flags and cancel status follow from its items and plans.
STATUS: Final = Check(
    subject="'order ' || number",
    facts="""
    WITH item_facts AS (
        SELECT order_id,
               min(status) FILTER (WHERE status NOT IN (50, 100, 600)) AS lowest_active,
               bool_or(status = 50) AS some_waiting, bool_and(status = 100) AS all_cancelled,
               count(DISTINCT status) > 1 AS mixed, bool_or(status = 100) AS some_cancelled,
               bool_or(status = 600) AS some_refunded,
               bool_or(status IN (500, 510, 540, 544, 545, 550)) AS some_left,
               bool_or(status IN (200, 300, 350, 400, 450, 520)) AS some_here
        FROM order_item WHERE order_id > :low AND order_id <= :high GROUP BY order_id
    ), open_plans AS (
        SELECT order_id, count(*) AS plans,
               (array_agg(status ORDER BY array_position(ARRAY['manuel_refund_need', 'waiting', 'confirmation_waiting',
                   'confirmed', 'approved', 'waiting_for_payment'], status::text)))[1] AS foremost
        FROM cancellation_plan
        WHERE order_id > :low AND order_id <= :high AND status NOT IN ('rejected', 'completed') GROUP BY order_id
    )
    SELECT o.id, o.number, o.status, o.cancel_status, o.has_open_plan, p.foremost, coalesce(p.plans, 0) AS plans,
           CASE WHEN i.order_id IS NULL THEN o.status
                WHEN i.lowest_active IS NOT NULL THEN i.lowest_active
                WHEN i.some_waiting THEN 50 WHEN i.all_cancelled THEN 100 ELSE 600 END AS derived,
           o.partially_cancelled, coalesce(i.some_cancelled AND i.mixed, false) AS cancelled_part,
           o.partially_refunded, coalesce(i.some_refunded AND i.mixed, false) AS refunded_part,
           o.partially_shipped, coalesce(i.some_left AND i.some_here, false) AS shipped_part
    FROM orders o LEFT JOIN item_facts i ON i.order_id = o.id LEFT JOIN open_plans p ON p.order_id = o.id
    WHERE o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "order_status",
            "status = derived",
            "The order stands at {status}, its items make {derived}.",
        ),
        Rule(
            "open_plan_flag",
            "has_open_plan = (plans > 0)",
            "The order says that it has an open plan: {has_open_plan}; open plans: {plans}.",
        ),
        Rule(
            "cancel_status",
            "plans = 0 OR cancel_status = foremost",
            "The order's cancel status is {cancel_status}, its open plans make {foremost}.",
        ),
        Rule(
            "part_flags",
            "partially_cancelled = cancelled_part AND partially_refunded = refunded_part AND partially_shipped = shipped_part",
            "The flags for parts cancelled, refunded or shipped are not what the items say.",
        ),
    ),
)

ITEMS: Final = Check(
    subject="'item ' || id || ' of order ' || number",
    facts="""
        SELECT i.id, o.number, i.sku, i.status, i.price_currency, o.currency, i.amount, i.discount_amount, i.refund_amount,
               i.amount - i.discount_amount + i.shipping_amount + i.installment_interest_amount
                 + i.shipping_interest_amount + i.rounding_amount AS whole,
               i.status <> 50 OR EXISTS (SELECT 1 FROM cancellation_plan_item pi WHERE pi.order_item_id = i.id AND pi.is_open)
                 OR EXISTS (SELECT 1 FROM cancellation_request cr WHERE cr.order_item_id = i.id
                            AND cr.status IN ('waiting_approval', 'confirmed')) AS waits_for_something
        FROM order_item i JOIN orders o ON o.id = i.order_id
        WHERE i.order_id > :low AND i.order_id <= :high AND o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "item_currency",
            "price_currency = currency",
            "The item is in {price_currency}, its order in {currency}.",
        ),
        Rule(
            "item_refund_cap",
            "refund_amount <= greatest(whole, 0)",
            "{refund_amount} went back for an item of {whole} {currency}.",
        ),
        Rule(
            "item_waits_for_nothing",
            "waits_for_something",
            "The item waits for a cancellation, but no plan and no request is open for it.",
        ),
    ),
)

LINKS: Final = Check(
    subject="'order ' || number",
    facts="""
        SELECT o.id, o.number, o.date_placed, s.order_id IS NOT NULL AS searchable, s.date_placed AS search_placed,
               a.customer_id AS shipping_customer, b.customer_id AS billing_customer, o.customer_id,
               c.channel_id AS customer_channel, o.channel_id
        FROM orders o LEFT JOIN order_search s ON s.order_id = o.id
        JOIN address a ON a.id = o.shipping_address_id JOIN address b ON b.id = o.billing_address_id
        JOIN customer c ON c.id = o.customer_id
        WHERE o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "search_row",
            "searchable AND search_placed = date_placed",
            "Search cannot find the order, or has it on another day.",
        ),
        Rule(
            "address_of_another_customer",
            "shipping_customer = customer_id AND billing_customer = customer_id",
            "An address of the order belongs to another customer.",
        ),
        Rule(
            "customer_of_another_channel",
            "customer_channel = channel_id",
            "The customer of the order belongs to another channel.",
        ),
    ),
)
