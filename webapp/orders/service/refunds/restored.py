"""After a backup was restored: what the database takes for never sent may have been sent since the backup."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.money import in_words
from webapp.orders.service.cancellation.paying import BY_MACHINE
from webapp.orders.service.refunds.claims import CLAIMABLE
from webapp.payments.models import Refund


def look_before_sending(session: Session, context: AuditContext) -> int:
    """Have every open refund looked for at its gateway before it is sent; how many that was not said of before.

    Each counts as sent when it was made. So one that the gateway lists is booked and not sent again; one that it does
    not list is sent only while its key holds there, else a person decides. For the time before any worker starts.
    """
    never_sent = (
        update(Refund)
        .where(
            Refund.state.in_([state.value for state in CLAIMABLE]),
            Refund.way.in_([way.value for way in BY_MACHINE]),
            Refund.first_sent_at.is_(None),
        )
        .values(first_sent_at=Refund.created_at, last_sent_at=Refund.created_at)
        .returning(Refund.id)
        .execution_options(synchronize_session=False)
    )
    marked = session.scalars(never_sent).all()
    for refund in session.scalars(
        select(Refund).where(Refund.id.in_(marked)).order_by(Refund.order_id, Refund.id)
    ):
        record(
            session,
            context,
            "refund.restored",
            subject=("refund", refund.id),
            order_id=refund.order_id,
            summary=in_words(refund.amount, refund.currency),
        )
    return len(marked)
