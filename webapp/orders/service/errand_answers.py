"""What a carrier's definite answer does to package, order and pending change."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.carrier import CarrierAnswer, ErrandKind, Outcome
from webapp.cargo.carriers import tracking_url
from webapp.cargo.models import CargoCompany, CargoErrand
from webapp.core.audit import SYSTEM, record
from webapp.orders.enums import AttentionKind
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.service.address_changes import apply_change, give_back_change
from webapp.orders.service.addresses import alarm
from webapp.orders.service.standing import touch


def settle_errand(session: Session, order: Order, errand: CargoErrand, answer: CarrierAnswer) -> None:
    """End the errand of the locked order with `done` or `refused`, and do what that means."""
    is_done = answer.outcome is Outcome.DONE
    errand.state = "done" if is_done else "refused"
    errand.ended_at = func.clock_timestamp()
    session.flush()
    carrier = session.get_one(CargoCompany, errand.cargo_company_id)
    match ErrandKind(errand.kind):
        case ErrandKind.LABEL:
            _label(session, order, errand, carrier, answer)
        case ErrandKind.UPDATE:
            _update(session, order, errand, carrier, answer)
        case ErrandKind.REDIRECT:
            _redirect(session, errand, carrier, answer)
        case ErrandKind.CANCEL:
            _cancel(session, order, errand, carrier, answer)


def _label(
    session: Session, order: Order, errand: CargoErrand, carrier: CargoCompany, answer: CarrierAnswer
) -> None:
    package = session.get_one(Package, errand.package_id)
    if answer.outcome is not Outcome.DONE:
        _tell(session, order, errand, f"{carrier.name} issued no label", answer)
        words = f"{carrier.name} issued no label: {answer.words} Correct the address, then issue it again."
        alarm(session, order, AttentionKind.LABEL_OUTDATED, words, errand=errand.id)
        return
    number, before = answer.tracking_number, package.tracking_number
    url = tracking_url(carrier.tracking_url_template, number)
    package.tracking_number, package.tracking_url = number, url
    package.cargo_company_id, package.label_issued_at = carrier.id, func.clock_timestamp()
    items = session.scalars(select(OrderItem).where(OrderItem.package_id == package.id))
    for item in items:
        if item.tracking_number in (None, before):
            item.tracking_number, item.tracking_url = number, url
            item.cargo_company_id, item.shipping_company = carrier.id, carrier.slug
            item.version += 1
    if order.tracking_number in (None, before):
        order.tracking_number, order.tracking_url = number, url
    touch(order)
    changes = {"tracking_number": [before, number]}
    record(
        session,
        SYSTEM,
        "order.label.issued",
        subject=("order", order.id),
        order_id=order.id,
        summary=f"{carrier.name} issued the label of package {package.number}",
        changes=changes,
    )


def _update(
    session: Session, order: Order, errand: CargoErrand, carrier: CargoCompany, answer: CarrierAnswer
) -> None:
    if answer.outcome is Outcome.DONE:
        _tell(session, order, errand, f"{carrier.name} has the new address", answer)
        return
    _tell(session, order, errand, f"{carrier.name} did not take the new address", answer)
    words = f"{carrier.name} did not take the new address: {answer.words} The label must be issued again."
    alarm(session, order, AttentionKind.LABEL_OUTDATED, words, errand=errand.id)


def _cancel(
    session: Session, order: Order, errand: CargoErrand, carrier: CargoCompany, answer: CarrierAnswer
) -> None:
    """The number is void; or the parcel goes its way although nobody wants it to, and somebody must look."""
    number = errand.tracking_number
    if answer.outcome is not Outcome.DONE:
        _tell(session, order, errand, f"{carrier.name} did not cancel parcel {number}", answer)
        words = f"{carrier.name} did not cancel parcel {number}: {answer.words} It may travel although it must not."
        alarm(session, order, AttentionKind.LABEL_OUTDATED, words, errand=errand.id)
        return
    packages = select(Package).where(Package.order_id == order.id, Package.tracking_number == number)
    for package in session.scalars(packages):
        package.tracking_number = package.tracking_url = package.label_issued_at = None
    items = select(OrderItem).where(OrderItem.order_id == order.id, OrderItem.tracking_number == number)
    for item in session.scalars(items):
        item.tracking_number = item.tracking_url = None
    if order.tracking_number == number:
        order.tracking_number = order.tracking_url = None
    _tell(session, order, errand, f"{carrier.name} has cancelled parcel {number}", answer)


def _redirect(session: Session, errand: CargoErrand, carrier: CargoCompany, answer: CarrierAnswer) -> None:
    """The change is applied when every parcel's carrier has confirmed; one refusal, once all have spoken, ends it."""
    change_id = errand.address_change_id
    if change_id is None:
        return
    others = session.scalars(select(CargoErrand).where(CargoErrand.address_change_id == change_id)).all()
    if any(each.ended_at is None for each in others):
        return
    refused = [each for each in others if each.state == "refused"]
    if not refused:
        apply_change(session, change_id)
        return
    words = " ".join(each.words for each in refused if each.words)
    done = [each.tracking_number for each in others if each.state == "done"]
    if done:
        words += f" Redirected all the same: {', '.join(done)}."
    give_back_change(session, change_id, words or f"{carrier.name} gave no reason.")


def _tell(session: Session, order: Order, errand: CargoErrand, what: str, answer: CarrierAnswer) -> None:
    """A line of the timeline; the carrier's own words stand behind ours."""
    touch(order)
    record(
        session,
        SYSTEM,
        f"order.carrier.{errand.kind}",
        subject=("order", order.id),
        order_id=order.id,
        summary=what,
        words=answer.words,
    )
