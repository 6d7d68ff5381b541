"""A small shop and a strict bank to demo with and to break things with; nothing in webapp imports them.

`python -m sandbox.shop` speaks WooCommerce REST v3, `python -m sandbox.bank` speaks Stripe and iyzico.
Both listen on 127.0.0.1 only and keep their state in one SQLite file. README.md says how to use them.
"""
