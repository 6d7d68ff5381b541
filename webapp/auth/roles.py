"""Permissions and the roles that bundle them. Pure: services and pages ask the same sets."""

from enum import StrEnum

from webapp.core.text import N_


class Permission(StrEnum):
    """One thing a member of staff may be allowed to do; the value is what the audit log and the API write."""

    ORDERS_VIEW = "orders.view"
    ORDERS_CREATE = "orders.create"
    ORDERS_NOTE = "orders.note"
    ORDERS_EDIT = "orders.edit"
    ORDERS_EDIT_ADDRESS = "orders.edit_address"
    ORDERS_REDIRECT_PARCEL = "orders.redirect_parcel"
    ORDERS_CHANGE_STATUS = "orders.change_status"
    ORDERS_MOVE_BACKWARD = "orders.move_backward"
    ORDERS_RAW_PAYLOAD = "orders.raw_payload"
    CANCEL_OPEN = "cancel.open"
    CANCEL_APPROVE = "cancel.approve"
    CANCEL_FORCE_AMOUNT = "cancel.force_amount"
    REFUND_MANUAL = "refund.manual"
    REFUND_LOYALTY = "refund.loyalty"
    REFUND_RECONCILE = "refund.reconcile"
    TRACKING_UPLOAD = "tracking.upload"
    VENDOR_ORDERS = "vendor_orders.answer"
    CHANNELS_VIEW = "channels.view"
    CHANNELS_PULL = "channels.pull"
    CHANNELS_MANAGE = "channels.manage"
    OPERATIONS_VIEW = "operations.view"
    OPERATIONS_RETRY = "operations.retry"
    VIEWS_SHARE = "views.share"
    EXPORTS_RUN = "exports.run"
    DASHBOARD_VIEW = "dashboard.view"
    AUDIT_VIEW = "audit.view"
    REFERENCE_MANAGE = "reference.manage"
    CUSTOMERS_ERASE = "customers.erase"
    STAFF_MANAGE = "staff.manage"
    API_TOKENS = "api.tokens"
    SETTINGS_LIMITS = "settings.limits"
    WEBHOOKS_MANAGE = "webhooks.manage"
    CARRIERS_MANAGE = "carriers.manage"

    @property
    def label(self) -> str:
        """English words for whoever gives it to a token, to be translated where shown."""
        return _PERMISSION_LABELS[self]


_PERMISSION_LABELS = {
    Permission.ORDERS_VIEW: N_("See orders and customers"),
    Permission.ORDERS_CREATE: N_("Create orders"),
    Permission.ORDERS_NOTE: N_("Leave notes, tags and assignments"),
    Permission.ORDERS_EDIT: N_("Change what an order says, amounts and statuses aside"),
    Permission.ORDERS_EDIT_ADDRESS: N_("Change addresses"),
    Permission.ORDERS_REDIRECT_PARCEL: N_("Have a parcel on its way redirected"),
    Permission.ORDERS_CHANGE_STATUS: N_("Move orders and items on, and pack them"),
    Permission.ORDERS_MOVE_BACKWARD: N_("Move orders and items a step back"),
    Permission.ORDERS_RAW_PAYLOAD: N_("See what a channel sent, word for word"),
    Permission.CANCEL_OPEN: N_("Open cancellation plans"),
    Permission.CANCEL_APPROVE: N_("Approve and reject cancellation plans"),
    Permission.CANCEL_FORCE_AMOUNT: N_("Set the amount that is paid back"),
    Permission.REFUND_MANUAL: N_("Settle refunds by hand, with evidence"),
    Permission.REFUND_LOYALTY: N_("Pay back in loyalty money"),
    Permission.REFUND_RECONCILE: N_("Compare refunds with the banks"),
    Permission.TRACKING_UPLOAD: N_("Upload tracking numbers"),
    Permission.VENDOR_ORDERS: N_("Read vendor orders and answer them"),
    Permission.CHANNELS_VIEW: N_("See channels"),
    Permission.CHANNELS_PULL: N_("Pull orders from channels"),
    Permission.CHANNELS_MANAGE: N_("Connect channels and change their settings"),
    Permission.CARRIERS_MANAGE: N_("Connect carriers and change their settings"),
    Permission.OPERATIONS_VIEW: N_("See work in the background"),
    Permission.OPERATIONS_RETRY: N_("Try work in the background again"),
    Permission.VIEWS_SHARE: N_("Share saved views"),
    Permission.EXPORTS_RUN: N_("Export orders"),
    Permission.DASHBOARD_VIEW: N_("See the dashboard"),
    Permission.AUDIT_VIEW: N_("Read the audit log"),
    Permission.REFERENCE_MANAGE: N_("Keep the reference data"),
    Permission.CUSTOMERS_ERASE: N_("Erase a customer's personal data"),
    Permission.STAFF_MANAGE: N_("Manage staff"),
    Permission.API_TOKENS: N_("Make tokens for the API"),
    Permission.SETTINGS_LIMITS: N_("Set approval limits"),
    Permission.WEBHOOKS_MANAGE: N_("Manage webhooks"),
}


class Role(StrEnum):
    """The desk's five jobs. A person has one."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        """English words for staff, to be translated where shown."""
        return _ROLE_LABELS[self]


_ROLE_LABELS = {
    Role.AGENT: N_("Customer service"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.FINANCE: N_("Finance"),
    Role.OPERATOR: N_("Operator"),
    Role.ADMINISTRATOR: N_("Administrator"),
}


_AGENT = frozenset(
    {
        Permission.ORDERS_VIEW,
        Permission.ORDERS_NOTE,
        Permission.ORDERS_EDIT,
        Permission.ORDERS_EDIT_ADDRESS,
        Permission.ORDERS_CHANGE_STATUS,
        Permission.CANCEL_OPEN,
        Permission.TRACKING_UPLOAD,
        Permission.VENDOR_ORDERS,
        Permission.CHANNELS_VIEW,
        Permission.CHANNELS_PULL,
        Permission.OPERATIONS_VIEW,
    }
)
_SUPERVISOR = _AGENT | {
    Permission.ORDERS_CREATE,
    Permission.ORDERS_REDIRECT_PARCEL,
    Permission.ORDERS_MOVE_BACKWARD,
    Permission.ORDERS_RAW_PAYLOAD,
    Permission.CANCEL_APPROVE,
    Permission.CANCEL_FORCE_AMOUNT,
    Permission.OPERATIONS_RETRY,
    Permission.VIEWS_SHARE,
    Permission.EXPORTS_RUN,
    Permission.DASHBOARD_VIEW,
    Permission.AUDIT_VIEW,
}
# Finance pays out and reconciles what others have approved; it opens and approves nothing itself.
_FINANCE = frozenset(
    {
        Permission.ORDERS_VIEW,
        Permission.ORDERS_NOTE,
        Permission.REFUND_MANUAL,
        Permission.REFUND_LOYALTY,
        Permission.REFUND_RECONCILE,
        Permission.CHANNELS_VIEW,
        Permission.OPERATIONS_VIEW,
        Permission.EXPORTS_RUN,
        Permission.DASHBOARD_VIEW,
        Permission.AUDIT_VIEW,
    }
)
# Operators keep channels running; they see orders and payloads to repair mappings, and move no money.
_OPERATOR = frozenset(
    {
        Permission.ORDERS_VIEW,
        Permission.ORDERS_NOTE,
        Permission.ORDERS_RAW_PAYLOAD,
        Permission.CHANNELS_VIEW,
        Permission.CHANNELS_PULL,
        Permission.CHANNELS_MANAGE,
        Permission.OPERATIONS_VIEW,
        Permission.OPERATIONS_RETRY,
        Permission.REFERENCE_MANAGE,
        Permission.DASHBOARD_VIEW,
        Permission.AUDIT_VIEW,
        Permission.API_TOKENS,
        Permission.WEBHOOKS_MANAGE,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.FINANCE: _FINANCE,
    Role.OPERATOR: _OPERATOR,
    Role.ADMINISTRATOR: frozenset(Permission),
}


def allowed(role: Role, granted: frozenset[str] | None) -> frozenset[Permission]:
    """What somebody of the role may do: all that it allows, and of it only what an API token grants if one is used."""
    of_role = ROLE_PERMISSIONS[role]
    return of_role if granted is None else frozenset(each for each in of_role if each in granted)


# All that a token may which stands for a vendor: their own part of orders.
FOR_VENDORS = frozenset({Permission.VENDOR_ORDERS})
