"""Tags: the house's words for orders. The words are reference data; an order has each of them once or not."""

import uuid
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core import checks
from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, NotFound
from webapp.core.operations import Operation, OperationRun
from webapp.core.reference import Kind, Values
from webapp.core.text import N_
from webapp.core.worklist import Subject, work_through
from webapp.orders.models import Order, OrderTag, Tag, TagColour
from webapp.orders.service.many import ask_for_many, asker, require_known

TAG_KIND: Final = "orders.tag_many"
TAGGED: Final = "order.tagged"


def _check(_session: Session, values: Values) -> Values:
    return {
        "name": checks.words("name", values["name"], longest=40),
        "colour": checks.one_of("colour", values["colour"], list(TagColour)),
        "is_active": bool(values["is_active"]),
    }


TAG = Kind(
    word="tag",
    model=Tag,
    fields=("name", "colour", "is_active"),
    check=_check,
    taken={"uq_tag_name": ("name", N_("Another tag has this name."))},
)


def active_tags(session: Session) -> Sequence[Tag]:
    """What can be put on orders, by name."""
    return session.scalars(select(Tag).where(Tag.is_active).order_by(Tag.name)).all()


def change_tags(
    session: Session,
    order_id: int,
    context: AuditContext,
    *,
    add: Collection[int] = (),
    remove: Collection[int] = (),
) -> bool:
    """Put tags on an order and take others off; whether anything changed. One word for each, so two people who tag
    at once both have their way. Raises NotFound, and InvalidInput for a tag that is switched off or unknown.
    """
    if session.scalar(select(Order.id).where(Order.id == order_id)) is None:
        raise NotFound(N_("There is no such order."))
    names = _names(session, add)
    added = _added(session, order_id, sorted(set(add) - set(remove)), context)
    gone = _removed(session, order_id, remove)
    names |= {tag.id: tag.name for tag in session.scalars(select(Tag).where(Tag.id.in_(gone)))}
    if added or gone:
        words = [sorted(names[key] for key in keys) for keys in (gone, added)]
        record(
            session,
            context,
            TAGGED,
            subject=("order", order_id),
            order_id=order_id,
            changes={"tags": [", ".join(each) for each in words]},
        )
    return bool(added or gone)


def tag_many(
    session: Session,
    orders: Sequence[Subject],
    tag_id: int,
    context: AuditContext,
    *,
    remove: bool,
    submission: uuid.UUID,
) -> tuple[Operation, bool]:
    """Have a tag put on each of these orders, or taken off. Raises InvalidInput."""
    if not remove:
        _names(session, [tag_id])
    args = {"tag_id": tag_id, "remove": remove}
    return ask_for_many(session, TAG_KIND, orders, context, submission, args)


def run_tagging(run: OperationRun) -> None:
    """The handler of one tag on many orders."""
    tags, remove = [int(str(run.args["tag_id"]))], bool(run.args["remove"])

    def tag(session: Session, order: Subject) -> bool:
        require_known(session, order.subject_id, run.requested_by_id)
        named = {"remove": tags} if remove else {"add": tags}
        return change_tags(session, order.subject_id, asker(session, run), **named)

    work_through(run, tag)


def _names(session: Session, tag_ids: Collection[int]) -> dict[int, str]:
    """Names of tags that may be put on orders."""
    found = session.execute(select(Tag.id, Tag.name).where(Tag.id.in_(tag_ids), Tag.is_active))
    names = {row.id: row.name for row in found}
    if names.keys() != set(tag_ids):
        words = N_("This tag cannot be used any more; choose another one.")
        raise InvalidInput(words, fields={"tag": [words]})
    return names


def _added(session: Session, order_id: int, tag_ids: Sequence[int], context: AuditContext) -> list[int]:
    if not tag_ids:
        return []
    rows = [{"order_id": order_id, "tag_id": tag_id, "staff_id": context.staff_id} for tag_id in tag_ids]
    new = insert(OrderTag).values(rows).on_conflict_do_nothing().returning(OrderTag.tag_id)
    return list(session.scalars(new))


def _removed(session: Session, order_id: int, tag_ids: Collection[int]) -> list[int]:
    if not tag_ids:
        return []
    gone = delete(OrderTag).where(OrderTag.order_id == order_id, OrderTag.tag_id.in_(tag_ids))
    return list(session.scalars(gone.returning(OrderTag.tag_id)))
