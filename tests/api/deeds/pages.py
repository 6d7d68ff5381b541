"""Which routes of pages change something, and who does the same through the API, or why nobody does."""

from typing import Final

_CANCELLING: Final = "api_order_cancelling"
_STATUSES: Final = (f"{_CANCELLING}.change_cancel_status", f"{_CANCELLING}.change_cance_status")
_PLAN: Final = "api_cancellation_plans.change_cancellation_plan"

# A page's route → the API's routes that do the same; each pair that a deed is done by must stand here.
BY_API: Final[dict[str, tuple[str, ...]]] = {
    "attention.close": ("api_attention.close_entry",),
    "cancellations.decide": (
        "api_cancellation_requests.approve_cancellation_request",
        "api_cancellation_requests.confirm_cancellation_request",
        "api_cancellation_requests.reject_cancellation_request",
    ),
    "channels.pull": ("api_channels.pull_channel",),
    "channels.replay": ("api_channels.replay_channel",),
    "finance.enter_payee": ("api_refunds.enter_payee",),
    "finance.enter_returned": ("api_refunds.enter_returned",),
    "operations.retry": ("api_operations.retry",),
    "orders.approve_plan": (f"{_CANCELLING}.cancellation_approved_order",),
    "orders.ask_label": ("api_order_asking.issue_label",),
    "orders.ask_payment_history": ("api_order_asking.ask_payment_history",),
    "orders.cancel": (f"{_CANCELLING}.cancel",),
    "orders.change": (
        "api_order_addresses.change_shipping_address",
        "api_order_addresses.change_billing_address",
    ),
    "orders.check_refund": ("api_refunds.check_refund",),
    "orders.confirm_plan": (*_STATUSES, _PLAN),
    "orders.count_stock": ("api_order_moving.count_order_item_stock",),
    "orders.do_deed": (
        "api_order_moving.accept_order_in_store",
        "api_order_moving.deliver_order_in_store",
        "api_order_moving.mark_order_as_not_sent",
    ),
    "orders.enter_evidence": ("api_refunds.enter_evidence",),
    "orders.map_stock": ("api_order_moving.map_order_item",),
    "orders.move": ("api_order_moving.change_order_status", "api_order_items.bulk_status_update"),
    "orders.pack": ("api_order_moving.split_order_packages",),
    "orders.post_assign": ("api_teamwork.assign_order",),
    "orders.post_note": ("api_teamwork.leave_note",),
    "orders.post_tags": ("api_teamwork.change_order_tags",),
    "orders.refresh": ("api_order_asking.refresh_order",),
    "orders.reject_plan": (f"{_CANCELLING}.cancellation_reject_order", _PLAN),
    "orders.tell_again": ("api_integration_actions.send_again",),
    "orders.told_by_hand": ("api_integration_actions.done_by_hand",),
    "orders.try_refund_again": ("api_refunds.retry_refund",),
    "orders.vendor_says": (
        "api_vendor_orders.change_vendor_order",
        "api_vendor_orders.send_shipping_info",
    ),
    "orders.withdraw_address": ("api_order_addresses.withdraw_address_change",),
    "tracking.apply": ("api_tracking.bulk_tracking_number_update",),
    "tracking.undo": ("api_tracking.bulk_tracking_number_update_undo",),
    "webhooks.create": ("api_webhooks.add_webhook",),
    "webhooks.delete": ("api_webhooks.delete_webhook",),
    "webhooks.pause": ("api_webhooks.pause_webhook",),
    "webhooks.replay": ("api_webhooks.replay_delivery",),
    "webhooks.replay_failed": ("api_webhooks.replay_failed",),
    "webhooks.resume": ("api_webhooks.resume_webhook",),
    "webhooks.rotate": ("api_webhooks.rotate_secret",),
    "webhooks.save": ("api_webhooks.change_webhook",),
    "webhooks.test": ("api_webhooks.test_webhook",),
}

# Whole faces → why no program does what they do.
ONLY_PAGE_FACES: Final[dict[str, str]] = {
    "approval_limits": "who may approve how much is decided by a person who has signed in",
    "auth": "one's own sign-in, sessions and profile",
    "carriers": "a carrier is connected once, by an operator who has its key",
    "channel_webhooks": "the channel calls it, and signs",
    "gateway_webhooks": "the bank calls it, and signs",
    "mentions": "whether a person has read something, no program can say",
    "second_step": "one's own sign-in",
    "staff": "who works here is decided by a person who has signed in",
    "tokens": "a token must not make tokens",
    **dict.fromkeys(
        (
            "cancellation_reasons",
            "cargo_companies",
            "data_sources",
            "installments",
            "mappings",
            "payment_options",
            "price_lists",
            "products",
            "stock_lists",
            "tags",
        ),
        "the house's own short lists, kept by people",
    ),
}

_ASKS: Final = "only asks, and changes nothing"
_MANY: Final = "many at once, after their number was typed; a program does each and learns of each"
_CONNECTING: Final = "a channel is connected, and its words are given their meaning, by an operator"
_BANK_FILE: Final = "a person carries the file to the bank and back"
_OWN_LIST: Final = "how somebody likes to see the list"
_LOOKED_AT: Final = "a person looks at the rows first; what a program hands in is applied at once"
# A page's route → why no program does what it does.
ONLY_PAGE: Final[dict[str, str]] = {
    "cancellations.approve": _MANY,
    "cancellations.ask_approve": _ASKS,
    "cancellations.ask_reject": _ASKS,
    "cancellations.reject": _MANY,
    "channels.apply_backfill": "an operator looks at what it would do, then has it done",
    "channels.check": _CONNECTING,
    "channels.create": _CONNECTING,
    "channels.make_products": _CONNECTING,
    "channels.mean": _CONNECTING,
    "channels.mend": "an operator corrects what the channel sent, looking at it",
    "channels.reread": "the clock does it by itself; a person who cannot wait presses the button",
    "channels.save": _CONNECTING,
    "channels.start_backfill": "an operator looks at what it would do, then has it done",
    "channels.tell_all_again": _MANY,
    "customers.post_erase": "it cannot be undone: a person types whom they mean",
    "finance.close_difference": "a person has compared the books with the bank's",
    "finance.close_transfers": _BANK_FILE,
    "finance.download_file": _BANK_FILE,
    "finance.export": _BANK_FILE,
    "finance.gather_batch": _BANK_FILE,
    "finance.reconcile_now": "the clock does it by itself; a person who cannot wait presses the button",
    "finance.remove": _BANK_FILE,
    "orders.ask_assign_many": _ASKS,
    "orders.ask_cancel_many": _ASKS,
    "orders.ask_move_many": _ASKS,
    "orders.ask_tag_many": _ASKS,
    "orders.choose_columns": _OWN_LIST,
    "orders.confirm_notes": "whether a person has read a note, no program can say",
    "orders.export": "a file for people; a program reads the list",
    "orders.move_all": _MANY,
    "orders.offer_move": _ASKS,
    "orders.one_more_parcel": _ASKS,
    "orders.open_many": _MANY,
    "orders.post_assign_many": _MANY,
    "orders.post_tag_many": _MANY,
    "orders.post_view": _OWN_LIST,
    "orders.post_view_change": _OWN_LIST,
    "orders.post_view_delete": _OWN_LIST,
    "orders.post_view_move": _OWN_LIST,
    "orders.preview_cancel": "only asks; `diagnose` tells programs the same",
    "orders.print_chosen": "reads: sheets for a printer",
    "orders.pull": "every channel at once; a program pulls each",
    "orders.refresh_chosen": _MANY,
    "tracking.check_again": _LOOKED_AT,
    "tracking.choose_columns": _LOOKED_AT,
    "tracking.hand_in": _LOOKED_AT,
}
