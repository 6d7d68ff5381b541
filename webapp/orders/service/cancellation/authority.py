"""Who acts on money, as the services need to know it: a page that forgot to ask changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission, Role, allowed
from webapp.core.audit import AuditContext
from webapp.core.errors import PermissionDenied
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.service.approval_limits import APPROVERS, approval_limits

_WORDS: Mapping[Permission, str] = {
    Permission.CANCEL_OPEN: N_("open a cancellation"),
    Permission.CANCEL_APPROVE: N_("approve or reject a cancellation"),
    Permission.CANCEL_FORCE_AMOUNT: N_("pay back another amount than the computed one"),
    Permission.REFUND_LOYALTY: N_("pay back as loyalty credit"),
    Permission.REFUND_MANUAL: N_("enter a refund by hand"),
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A member of staff with role and permissions; `context` is what the audit log writes of the act."""

    context: AuditContext
    role: Role
    permissions: frozenset[Permission]

    @classmethod
    def of_staff(cls, session: Session, context: AuditContext) -> "Authority":
        """Whoever the context names, with what they may do now. Raises PermissionDenied for nobody, or an ended account."""
        staff = session.get(StaffUser, context.staff_id) if context.staff_id is not None else None
        if staff is None or not staff.is_active:
            raise PermissionDenied(N_("Money is moved by a member of staff, and this is none."))
        return cls.of_role(replace(context, actor=staff.name), Role(staff.role))

    @classmethod
    def of_role(cls, context: AuditContext, role: Role) -> "Authority":
        """Somebody with exactly the permissions of the role."""
        return cls(context, role, allowed(role, context.granted))

    def require(self, permission: Permission) -> None:
        """Raises PermissionDenied with the act in words."""
        if permission not in self.permissions:
            raise PermissionDenied(
                said(
                    N_("You may not %(deed)s. Ask a supervisor."),
                    deed=said(_WORDS.get(permission, permission.value)),
                )
            )


def limits_in(session: Session, currency: str) -> dict[str, Decimal | None]:
    """For each role that may approve, up to which amount alone; None where no limit is set for this currency."""
    limits = approval_limits(session)
    return {role.value: limits.get((role, currency)) for role in APPROVERS}
