"""Everything that changes orders. Services take the caller's session, may flush, and never commit.

write_orders.py       drafts of a channel or the API: created and updated, set-based (writing/ has its steps)
order_service.py      OrderService: editing.py (columns), redistributing.py (shares), standing.py (status), notes.py
order_item_service.py OrderItemService: lines, their columns, their stock (stock.py)
moving.py             items along their table; store.py deeds with a name of their own; packing.py parcels
cancellation/         plans: open, approve, reject; refunds/ is the machine that pays back
vendor_order_service  VendorOrderService: what others supply; vendors.py mirrors it with every change of the items
attention.py          what somebody must look at; timeline.py writes what happened
"""

from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.order_item_service import OrderItemService
from webapp.orders.service.order_service import OrderService
from webapp.orders.service.vendor_order_service import VendorOrderService

__all__ = ["IntegrationActionService", "OrderItemService", "OrderService", "VendorOrderService"]
