"""Acting on money from a page: who acts, and what is kept of an act that was refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from webapp.auth.permissions import audit_context, current_staff
from webapp.core.audit import record
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, DomainError, InvalidInput, PermissionDenied
from webapp.orders.service.cancellation.authority import Authority


def authority() -> Authority:
    """The signed-in person as the services of money need to know them."""
    staff = current_staff()
    return Authority(audit_context(), staff.role, staff.permissions)


@contextmanager
def money_act(tag: str, subject: tuple[str, object], order_id: int | None) -> Iterator[Session]:
    """A unit of work for an act on money; when it is refused nothing of it stays but an audit entry that says so.

    Raises what the service raises.
    """
    try:
        with unit_of_work() as session:
            yield session
    except (PermissionDenied, Conflict, InvalidInput) as refusal:
        note_refusal(tag, subject, order_id, refusal)
        raise


def note_refusal(tag: str, subject: tuple[str, object], order_id: int | None, refusal: DomainError) -> None:
    """Keep who tried what and why it was refused, in a unit of work of its own."""
    with unit_of_work() as session:
        record(
            session,
            audit_context(),
            tag,
            subject=subject,
            order_id=order_id,
            summary=refusal.message,
            changes={"refused_because": [None, refusal.error_code]},
            refused=True,
        )
