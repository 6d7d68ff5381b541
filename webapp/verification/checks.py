"""What must hold, check by check: facts read in one pass, and rules over them with the words for a break."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """`holds` is SQL over the check's facts; `words` is a sentence over the same facts for where it does not hold."""

    name: str
    holds: str
    words: str


@dataclass(frozen=True, slots=True)
class Check:
    """One pass over the data: `facts` is a SELECT, `subject` names a row of it, each rule is judged on every row."""

    subject: str
    facts: str
    rules: tuple[Rule, ...]
    # Names bound in `facts`; a check over a range of orders has low (exclusive) and high (inclusive).
    parameters: tuple[str, ...] = ("low", "high")

    @property
    def sql(self) -> str:
        """The rows where some rule does not hold, with the names of those rules in `broken`."""
        broken = ", ".join(
            f"CASE WHEN ({rule.holds}) IS NOT TRUE THEN '{rule.name}' END" for rule in self.rules
        )
        # Everything put together here is written in this file.
        return (
            f"SELECT * FROM (SELECT {self.subject} AS subject, array_remove(ARRAY[{broken}], NULL) AS broken, facts.*"  # noqa: S608
            f" FROM ({self.facts}) AS facts) AS judged WHERE broken <> '{{}}'"
        )

    @property
    def words(self) -> dict[str, str]:
        """Rule name → its sentence."""
        return {rule.name: rule.words for rule in self.rules}


# Rules.md R5 and the sums that the order repeats from its items.
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

# Rules.md section 2: the order's status, flags and cancel status follow from its items and plans.
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

# Rules.md section 3 and 4: what went back never exceeds what came in, and the ledger says the same.
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

VENDOR_ITEMS: Final = Check(
    subject="'item ' || id || ' of order ' || number",
    facts="""
        SELECT i.id, o.number, i.status AS stands, m.status AS mirrored,
               i.data_source_id AS source, v.data_source_id AS vendor
        FROM vendor_order v JOIN orders o ON o.id = v.order_id
        JOIN vendor_order_item m ON m.vendor_order_id = v.id JOIN order_item i ON i.id = m.order_item_id
        WHERE v.order_id > :low AND v.order_id <= :high AND o.id > :low AND o.id <= :high
    """,
    rules=(
        Rule(
            "vendor_behind",
            "mirrored = stands",
            "The item stands at {stands}, at its vendor it stands at {mirrored}.",
        ),
        Rule(
            "vendor_of_another_source", "source = vendor", "The item is at a vendor that does not supply it."
        ),
    ),
)

STUCK: Final = Check(
    subject="'operation ' || id",
    facts="SELECT id, kind, lease_until FROM operation WHERE state = 'leased'",
    rules=(
        Rule(
            "operation_stuck",
            "lease_until >= clock_timestamp() - make_interval(secs => :stuck_after_s)",
            "{kind} is past its lease since {lease_until}: is the sweeper running?",
        ),
    ),
    parameters=("stuck_after_s",),
)

RECORDS: Final = Check(
    subject="'remote record ' || id",
    facts="""
        SELECT r.id, r.remote_id, o.id AS applied_to
        FROM remote_record r LEFT JOIN orders o ON o.id = r.order_id
        WHERE r.state = 'applied' AND r.kind = 'order'
    """,
    rules=(
        Rule(
            "applied_without_order",
            "applied_to IS NOT NULL",
            "The record of remote order {remote_id} says applied, but there is no such order.",
        ),
    ),
    parameters=(),
)

WAITING_ADDRESSES: Final = Check(
    subject="'order ' || number",
    facts="""
        SELECT o.number, c.way, CASE c.way
            WHEN 'redirect' THEN EXISTS (SELECT 1 FROM cargo_errand e WHERE e.order_id = c.order_id
                AND e.address_change_id = c.id AND e.state IN ('waiting', 'asked'))
            ELSE EXISTS (SELECT 1 FROM integration_action a WHERE a.order_id = c.order_id
                AND a.args ->> 'change_id' = c.id::text AND a.state IN ('waiting', 'failed'))
            END AS somebody_is_asked
        FROM address_change c JOIN orders o ON o.id = c.order_id WHERE c.state = 'waiting'
    """,
    rules=(
        Rule(
            "address_waits_for_nobody",
            "somebody_is_asked",
            "A new address waits ({way}), but neither the channel nor a carrier is being asked.",
        ),
    ),
    parameters=(),
)


WHOLE_CHECKS: Final = (STUCK, RECORDS, WAITING_ADDRESSES)
ORDER_CHECKS: Final = (
    MONEY,
    STATUS,
    REFUNDS,
    TRANSACTION_CAPS,
    REFUND_ROWS,
    ITEMS,
    LINKS,
    PAID_ITEMS,
    PLAN_ITEMS,
    VENDOR_ITEMS,
)
