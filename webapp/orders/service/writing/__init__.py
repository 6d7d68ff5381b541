"""How a batch of drafts becomes rows: set-based, in one order, one bad draft never stopping the others.

batch.py      what a batch and a draft on its way are
incoming.py   check a draft and its amounts, before anything is written
reference.py  external statuses, payment options, carriers, products: found, or made
people.py     customers and address versions
stored.py     the orders as they are now
deciding.py   what a draft changes of a stored order (pure), with money.py, moves.py and payments.py
creating.py   new orders
applying.py   changed orders
effects.py    what both leave behind: refunds, plans, requests, attention, timeline, search, stock
"""
