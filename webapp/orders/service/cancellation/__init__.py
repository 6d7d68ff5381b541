"""Cancelling and paying back: who may, what it comes to, and what follows.

asking.py      the reference's parameters as a request of orders/cancellation
authority.py   who acts: role and permissions, checked here and not only by the page
facts.py       the order as orders/cancellation wants it
opening.py     diagnose and open plans
which_plans.py which plans somebody means to decide, and whether somebody was faster
deciding.py    approve and reject: the two stories, each before its steps
redrafting.py  an open plan as the request it was opened with
paying.py      the refunds of an approved plan
bulk.py        many plans or orders, as one operation with a verdict each
statuses.py    moving plans along, one or all of a payment type
progressing.py all plans of a payment type, as one operation with a verdict each
requests.py    customers' and channels' wishes
refusals.py    what is refused, where callers tell it apart by class
"""
