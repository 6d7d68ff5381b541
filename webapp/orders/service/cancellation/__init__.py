"""Cancelling and paying back: who may, what it comes to, and what follows.

authority.py   who acts: role and permissions, checked here and not only by the page
facts.py       the order as orders/cancellation wants it
opening.py     diagnose and open plans
deciding.py    approve and reject
paying.py      the refunds of an approved plan
statuses.py    moving plans along, one or all of a payment type
requests.py    customers' and channels' wishes
"""
