"""The statements of bench/seed.py: every row is computed by PostgreSQL from its own number, so a seed is repeatable.

`n` orders, `customers` customers, `newest` the placing time of the newest order. `roll(i, salt, sides)` is a die
that always shows the same for the same order. What is written keeps every rule that `kontor verify` checks.
"""

from typing import Final

ROLL: Final = """
CREATE FUNCTION pg_temp.roll(i bigint, salt bigint, sides int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (abs(hashint8extended(i, salt)) % sides)::int
"""

NAMES: Final = """
CREATE TEMP TABLE seed_name (id int PRIMARY KEY, first_name text, last_name text, folded text, mail text)
"""

REFERENCE: Final = (
    """
    INSERT INTO data_source (slug, name) VALUES ('own', 'Own goods') ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO channel (id, name, channel_type, base_url, pull_minutes)
    VALUES (1, 'Web shop TR', 'woocommerce', 'https://tr.shop.example', 0),
           (2, 'Web shop EU', 'woocommerce', 'https://eu.shop.example', 0),
           (3, 'Web shop KSA', 'woocommerce', 'https://ksa.shop.example', 0),
           (4, 'Bazaar', 'woocommerce', 'https://bazaar.example', 0),
           (5, 'Outlet', 'woocommerce', 'https://outlet.example', 0),
           (6, 'In-store POS', 'woocommerce', 'https://pos.example', 0)
    """,
    """
    INSERT INTO payment_option (id, slug, name, tender)
    VALUES (1, 'credit_card', 'Credit card', 'card'), (2, 'pay_on_delivery', 'Pay on delivery', 'pay_on_delivery'),
           (3, 'funds_transfer', 'Bank transfer', 'funds_transfer'), (4, 'marketplace', 'Marketplace', 'marketplace')
    """,
    """
    INSERT INTO cargo_company (id, slug, name, tracking_url_template)
    VALUES (1, 'anatolia', 'Anatolia Cargo', 'https://anatolia.example/track/{n}'),
           (2, 'swift', 'Swift Parcel', 'https://swift.example/t?n={n}'),
           (3, 'gulf', 'Gulf Express', 'https://gulf.example/{n}')
    """,
    """
    INSERT INTO cancellation_reason (id, slug, name, plan_kind)
    VALUES (1, 'changed_mind', 'Customer changed their mind', 'cancel'), (2, 'returned', 'Goods came back', 'refund')
    """,
    """
    INSERT INTO product (id, sku, name)
    SELECT g, 'SKU-' || lpad(g::text, 4, '0'),
           (ARRAY['Organic cotton T-shirt', 'Straight jeans', 'Wool scarf', 'Linen shirt', 'Rain jacket'])[1 + g % 5]
    FROM generate_series(1, 500) AS g
    """,
)

# Customers belong to one channel each; the six channels have 35, 20, 15, 15, 10 and 5 per cent of them.
CUSTOMERS: Final = """
INSERT INTO customer (id, channel_id, remote_id, first_name, last_name, email, email_folded, phone, search_folded)
SELECT k, (ARRAY[1,1,1,1,1,1,1,2,2,2,2,3,3,3,4,4,4,5,5,6])[1 + pg_temp.roll(k, 1, 20)], k::text,
       n.first_name, n.last_name, n.mail || k || '@example.com', n.mail || k || '@example.com',
       '+90532' || lpad(((k * 7919) %% 10000000)::text, 7, '0'),
       n.folded || ' ' || n.mail || k || '@example.com'
FROM generate_series(1, %(customers)s::bigint) AS k
JOIN seed_name n ON n.id = pg_temp.roll(k, 2, (SELECT count(*)::int FROM seed_name))
"""

ADDRESSES: Final = """
INSERT INTO address (id, customer_id, content_hash, first_name, last_name, line1, district, city, postcode, country, phone)
SELECT c.id, c.id, md5(c.id::text) || md5('address' || c.id), c.first_name, c.last_name,
       'Moda Cad. ' || (1 + c.id % 200) || '/' || (1 + c.id % 9), 'Kadıköy',
       (ARRAY['İstanbul', 'Ankara', 'İzmir', 'Bursa', 'Köln', 'Riyadh'])[1 + pg_temp.roll(c.id, 3, 6)],
       (34000 + c.id % 900)::text, CASE c.channel_id WHEN 2 THEN 'DE' WHEN 3 THEN 'SA' ELSE 'TR' END, c.phone
FROM customer c
"""

# One row per order with what its items and columns are computed from. Few customers order often (the square).
PLAN: Final = """
CREATE UNLOGGED TABLE seed_plan AS
SELECT i AS id, k AS customer_id, c.channel_id,
       CASE c.channel_id WHEN 2 THEN 'EUR' WHEN 3 THEN 'SAR' ELSE 'TRY' END AS currency,
       CASE c.channel_id WHEN 2 THEN 19 WHEN 3 THEN 15 ELSE 20 END AS tax_rate,
       (ARRAY[1,1,1,1,1,1,1,1,1,1,1,1,1,1,2,2,2,2,2,2,2,2,2,2,2,2,2,3,3,3,3,3,3,3,3,3,4,4,4,4,4,4,5,5,5,5,6,6,6,6])
           [1 + pg_temp.roll(i, 4, 50)] AS lines,
       pg_temp.roll(i, 5, 100) < 20 AS discounted,
       pg_temp.roll(i, 6, 100) < 40 AS pays_shipping,
       pg_temp.roll(i, 7, 100) AS chance,
       CASE WHEN age < 0.02 THEN
                CASE WHEN d < 3 THEN 200 WHEN d < 6 THEN 300 WHEN d < 16 THEN 350 WHEN d < 56 THEN 400
                     WHEN d < 86 THEN 450 WHEN d < 94 THEN 500 WHEN d < 98 THEN 100 ELSE 50 END
            WHEN age < 0.06 THEN
                CASE WHEN d < 5 THEN 400 WHEN d < 15 THEN 450 WHEN d < 55 THEN 500 WHEN d < 75 THEN 510
                     WHEN d < 78 THEN 540 WHEN d < 95 THEN 550 WHEN d < 99 THEN 100 ELSE 50 END
            WHEN age < 0.10 THEN
                CASE WHEN d < 10 THEN 500 WHEN d < 15 THEN 510 WHEN d < 16 THEN 520 WHEN d < 17 THEN 545
                     WHEN d < 95 THEN 550 ELSE 100 END
            ELSE CASE WHEN d < 88 THEN 550 WHEN d < 94 THEN 100 ELSE 600 END END AS status,
       %(newest)s::timestamptz - (%(n)s - i) * interval '95 seconds'
           - pg_temp.roll(i, 8, 90) * interval '1 second' AS date_placed
FROM (
    SELECT i, 1 + ((%(customers)s - 1) * power(pg_temp.roll(i, 9, 1000003) / 1000003::float8, 1.5))::bigint AS k,
           1 - i / %(n)s::float8 AS age, pg_temp.roll(i, 10, 100) AS d
    FROM generate_series(1, %(n)s::bigint) AS i
) AS drawn JOIN customer c ON c.id = k
"""

# Of orders with two items or more, some are partly shipped (450) or partly cancelled (550).
ITEMS: Final = """
INSERT INTO order_item (order_id, remote_line_id, position, product_id, sku, name, quantity, ordered_quantity, status,
    status_before_cancel, cancel_status, price_currency, price, amount, discount_amount, shipping_amount, tax_rate,
    tax_amount, refund_amount, discount_refund_amount, shipping_refund_amount, tracking_number, cargo_company_id)
SELECT id, line::text, line, product, 'SKU-' || lpad(product::text, 4, '0'),
       (ARRAY['Organic cotton T-shirt', 'Straight jeans', 'Wool scarf', 'Linen shirt', 'Rain jacket'])[1 + product % 5],
       quantity, quantity, status, CASE WHEN status = 50 THEN 450 END, CASE WHEN status = 50 THEN cancel_status END,
       currency, price, gross, discount, shipping, tax_rate,
       round((gross - discount) * tax_rate / (100 + tax_rate), 2),
       CASE WHEN status = 600 THEN gross - discount + shipping ELSE 0 END,
       CASE WHEN status = 600 THEN discount ELSE 0 END, CASE WHEN status = 600 THEN shipping ELSE 0 END,
       CASE WHEN status IN (500, 510, 540, 545, 550, 600) THEN (1000000000 + id * 7)::text END, 1 + (id % 3)
FROM (
    SELECT p.id, line, p.currency, p.tax_rate, 1 + pg_temp.roll(p.id * 8 + line, 11, 500) AS product, quantity, price,
           price * quantity AS gross,
           CASE WHEN p.discounted THEN trunc(price * quantity / 10, 2) ELSE 0 END AS discount,
           CASE WHEN p.pays_shipping AND line = 1 THEN 39.90 ELSE 0 END AS shipping,
           CASE WHEN line = 1 AND p.lines > 1 AND p.status = 450 AND p.chance < 3 THEN 500
                WHEN line = 1 AND p.lines > 1 AND p.status = 550 AND p.chance < 2 THEN 100 ELSE p.status END AS status,
           CASE WHEN p.chance < 60 THEN 'waiting' WHEN p.chance < 75 THEN 'confirmation_waiting'
                ELSE 'manuel_refund_need' END AS cancel_status
    FROM seed_plan p CROSS JOIN LATERAL generate_series(1, p.lines) AS line
    CROSS JOIN LATERAL (SELECT (1990 + pg_temp.roll(p.id * 8 + line, 12, 150000)) / 100.0 AS price,
        (ARRAY[1,1,1,1,1,1,1,1,2,3])[1 + pg_temp.roll(p.id * 8 + line, 13, 10)] AS quantity) AS priced
) AS written ORDER BY written.id, written.line
"""

ORDERS: Final = """
INSERT INTO orders (id, number, channel_id, remote_id, status, date_placed, customer_id, shipping_address_id,
    billing_address_id, currency, amount, discount_amount, shipping_amount, refund_amount, discount_refund_amount,
    shipping_refund_amount, payment_option_id, payment_option_slug, cargo_company_id, tracking_number, is_send,
    cancel_status, has_open_plan, partially_cancelled, partially_shipped, item_count, created_at, modified_at)
SELECT p.id, CASE p.channel_id WHEN 1 THEN (1535788520000000 + p.id * 7919)::text WHEN 2 THEN 'EU-' || (100000 + p.id)
       WHEN 4 THEN 'BZ' || lpad((p.id * 104729 % 10000000000)::text, 10, '0') ELSE (200000 + p.id)::text END,
       p.channel_id, p.id::text, p.status, p.date_placed, p.customer_id, p.customer_id, p.customer_id, p.currency,
       s.amount, s.discount, s.shipping, s.refunded, s.discount_refunded, s.shipping_refunded,
       pay, (ARRAY['credit_card', 'pay_on_delivery', 'funds_transfer', 'marketplace'])[pay], 1 + (p.id % 3),
       CASE WHEN p.status IN (500, 510, 540, 545, 550, 600) THEN (1000000000 + p.id * 7)::text END,
       p.status > 400 OR p.status = 100 OR (p.status = 400 AND p.chance < 85), s.cancel_status, p.status = 50,
       s.some_cancelled AND p.status <> 100, s.some_shipped AND p.status = 450, s.lines, p.date_placed,
       p.date_placed + pg_temp.roll(p.id, 14, 200000) * interval '1 second'
FROM seed_plan p JOIN (
    SELECT order_id, sum(amount - discount_amount + shipping_amount) AS amount, sum(discount_amount) AS discount,
           sum(shipping_amount) AS shipping, sum(refund_amount) AS refunded,
           sum(discount_refund_amount) AS discount_refunded, sum(shipping_refund_amount) AS shipping_refunded,
           max(cancel_status) AS cancel_status, bool_or(status = 100) AS some_cancelled,
           bool_or(status = 500) AS some_shipped, count(*) AS lines
    FROM order_item GROUP BY order_id
) AS s ON s.order_id = p.id
CROSS JOIN LATERAL (SELECT CASE WHEN p.channel_id IN (4, 5) THEN 4
    ELSE (ARRAY[1,1,1,1,1,1,1,2,2,3])[1 + pg_temp.roll(p.id, 15, 10)] END AS pay) AS paid
ORDER BY p.id
"""

AROUND: Final = (
    # Money reserved for cancelled orders was never taken; couriers collect on delivery.
    """
    INSERT INTO payment_transaction (order_id, kind, remote_id, holder, payment_option_id, currency, amount,
        authorised_amount, captured_amount, bin_number, paid_at)
    SELECT o.id, po.tender, 'payment', 'channel', po.id, o.currency, o.amount, o.amount,
           CASE WHEN o.status = 100 OR (po.id = 2 AND o.status NOT IN (550, 600)) THEN 0 ELSE o.amount END,
           CASE WHEN po.id = 1 THEN '454360' END, o.date_placed
    FROM orders o JOIN payment_option po ON po.id = o.payment_option_id ORDER BY o.id
    """,
    """
    INSERT INTO refund (id, order_id, transaction_id, amount, currency, state, idem_key, remote_id, settled_at)
    SELECT gen_random_uuid(), o.id, t.id, o.refund_amount, o.currency, 'succeeded', 'rf_seed_' || o.id,
           'r' || o.id, o.modified_at
    FROM orders o JOIN payment_transaction t ON t.order_id = o.id WHERE o.status = 600
    """,
    """
    INSERT INTO ledger_entry (refund_id, order_id, kind, amount, currency)
    SELECT id, order_id, 'refund', amount, currency FROM refund
    """,
    """
    INSERT INTO cancellation_plan (order_id, group_id, kind, status, is_all, currency, computed_amount, refund_amount)
    SELECT id, gen_random_uuid(), CASE WHEN cancel_status = 'manuel_refund_need' THEN 'refund' ELSE 'cancel' END, cancel_status, true,
           currency, amount, amount FROM orders WHERE status = 50
    """,
    """
    INSERT INTO cancellation_plan_item (plan_id, order_item_id, reason_id, quantity, amount, discount_amount)
    SELECT cp.id, i.id, CASE cp.kind WHEN 'cancel' THEN 1 ELSE 2 END, i.quantity, i.amount, i.discount_amount
    FROM cancellation_plan cp JOIN order_item i ON i.order_id = cp.order_id
    """,
    """
    INSERT INTO order_search (order_id, date_placed, folded)
    SELECT o.id, o.date_placed, lower(o.number) || ' ' || c.search_folded || ' ' || substr(c.phone, 2)
    FROM orders o JOIN customer c ON c.id = o.customer_id ORDER BY o.id
    """,
    """
    INSERT INTO audit_entry (at, tag, origin, actor, subject_type, subject_id, order_id, summary)
    SELECT o.date_placed, 'order.pulled', 'channel', c.name, 'order', o.id::text, o.id, 'Pulled from ' || c.name
    FROM orders o JOIN channel c ON c.id = o.channel_id ORDER BY o.id
    """,
    """
    INSERT INTO order_note (order_id, author, body, created_at)
    SELECT id, 'Selin Koç', 'Customer called and asked when the parcel arrives.', date_placed + interval '1 hour'
    FROM orders WHERE id % 20 = 0
    """,
)
