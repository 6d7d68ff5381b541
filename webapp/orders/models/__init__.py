"""The tables of an order."""

from webapp.orders.models.address_change import AddressChange
from webapp.orders.models.attention import Attention
from webapp.orders.models.cancellation import (
    ApprovalLimit,
    CancellationPlan,
    CancellationPlanItem,
    CancellationPlanTender,
    CancellationReason,
    CancellationRequest,
)
from webapp.orders.models.discount import DiscountItem
from webapp.orders.models.figures import QuarterFigures
from webapp.orders.models.integration_action import IntegrationAction
from webapp.orders.models.order import ExternalStatus, Order, OrderNote, OrderSearch
from webapp.orders.models.order_item import OrderItem, order_item_transaction
from webapp.orders.models.package import Package
from webapp.orders.models.teamwork import (
    NoteReader,
    OrderAssignment,
    OrderTag,
    SavedView,
    Tag,
    TagColour,
)
from webapp.orders.models.upload import OrderExport, TrackingRow, TrackingUpload
from webapp.orders.models.vendor_order import VendorOrder, VendorOrderItem

__all__ = [
    "AddressChange",
    "ApprovalLimit",
    "Attention",
    "CancellationPlan",
    "CancellationPlanItem",
    "CancellationPlanTender",
    "CancellationReason",
    "CancellationRequest",
    "DiscountItem",
    "ExternalStatus",
    "IntegrationAction",
    "NoteReader",
    "Order",
    "OrderAssignment",
    "OrderExport",
    "OrderItem",
    "OrderNote",
    "OrderSearch",
    "OrderTag",
    "Package",
    "QuarterFigures",
    "SavedView",
    "Tag",
    "TagColour",
    "TrackingRow",
    "TrackingUpload",
    "VendorOrder",
    "VendorOrderItem",
    "order_item_transaction",
]
