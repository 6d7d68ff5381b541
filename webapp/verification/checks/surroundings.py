"""What stands around orders: vendors' parts, work that is stuck, channels' records, addresses that wait."""

from typing import Final

from webapp.verification.checks.check import Check, Rule

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
