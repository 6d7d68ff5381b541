"""Orders. The map: staff action → view → service → rule.

* Browse and search: views/list.py → queries.py → models/order.py
* Read one order: views/detail.py → queries.py → serializers.py
* Amounts: service/ → pricing.py → core/money.py
* What may become what: service/ → states.py
* Orders that a channel sends: channels/jobs.py → channels/service.py → service/write_orders.py → pricing.py
"""
