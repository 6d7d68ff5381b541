"""Cancelling and paying back: who may, what it comes to, and what follows.

asking.py      the reference's parameters as a request of orders/cancellation
authority.py   who acts: role and permissions, checked here and not only by the page
facts.py       the order as orders/cancellation wants it
opening.py     diagnose and open plans
deciding.py    approve and reject
paying.py      the refunds of an approved plan
statuses.py    moving plans along, one or all of a payment type
progressing.py all plans of a payment type, as one operation with a verdict each
requests.py    customers' and channels' wishes
refusals.py    what is refused, where callers tell it apart by class
"""
