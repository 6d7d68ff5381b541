"""Orders. The map: staff action → view → service → rule.

* Browse and search: views/list.py → queries.py → models/order.py
* Read one order: views/detail.py → queries.py → serializers.py
* Cancel, approve, pay back: views/cancelling.py, views/plans.py, views/cancellations/ → service/cancellation/,
  service/refunds/ → states/plans.py, cancellation/
* Amounts: service/ → pricing.py → core/money.py
* What may become what: service/ → states.py
* Orders that a channel sends: channels/jobs.py → channels/service.py → service/write_orders.py → pricing.py
"""
