"""Finance: refunds that a person pays, transfer batches, and the banks' lists against our ledger."""

from webapp.orders.views.finance import batches, by_hand, reconciliation
from webapp.orders.views.finance.blueprint import blueprint

__all__ = ["batches", "blueprint", "by_hand", "reconciliation"]
