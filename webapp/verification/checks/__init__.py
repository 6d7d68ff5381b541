"""What must hold, check by check: ORDER_CHECKS over ranges of orders, WHOLE_CHECKS once."""

from typing import Final

from webapp.verification.checks.check import Check
from webapp.verification.checks.orders import ITEMS, LINKS, MONEY, STATUS
from webapp.verification.checks.refunds import PAID_ITEMS, PLAN_ITEMS, REFUND_ROWS, REFUNDS, TRANSACTION_CAPS
from webapp.verification.checks.surroundings import RECORDS, STUCK, VENDOR_ITEMS, WAITING_ADDRESSES

__all__ = ["ORDER_CHECKS", "WHOLE_CHECKS", "Check"]

WHOLE_CHECKS: Final = (STUCK, RECORDS, WAITING_ADDRESSES)
ORDER_CHECKS: Final = (
    MONEY,
    STATUS,
    REFUNDS,
    TRANSACTION_CAPS,
    REFUND_ROWS,
    ITEMS,
    LINKS,
    PAID_ITEMS,
    PLAN_ITEMS,
    VENDOR_ITEMS,
)
