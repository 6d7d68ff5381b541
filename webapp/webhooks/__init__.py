"""Telling other systems what happened: subscriptions, deliveries, and the pages on which staff keep them.

An event (webapp/events) is written in the transaction of its change → `webhooks.spread` writes one delivery for each
subscription that wants it (spreading.py) → `webhooks.deliver`, one operation per subscription, sends them in the order
of events (delivering.py), signed (signing.py). What was sent and answered is kept for a while (keeping.py).
"""
