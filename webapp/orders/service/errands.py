"""Runs an order's errands at carriers: one after the other, never inside a transaction, each with one effect.

Whatever dies when: the errand's reference was committed before the call and never changes. Whoever comes after looks
first what became of the earlier attempt, and only sends again what the carrier never had.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.carrier import (
    Carrier,
    CarrierAnswer,
    CarrierNotConnected,
    Carriers,
    ErrandKind,
    Outcome,
    Receiver,
    Request,
)
from webapp.cargo.models import CargoErrand
from webapp.core import breaker
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun
from webapp.core.settings import Timing
from webapp.customers.models import Address
from webapp.orders.enums import AttentionKind
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, Package
from webapp.orders.service.addresses import alarm
from webapp.orders.service.errand_answers import settle_errand

# A carrier that decides later is asked again after this long; a person there needs minutes at least.
POLL_S: Final = 20.0
_OPEN: Final = CargoErrand.state.in_(("waiting", "asked"))
_UNREACHED: Final = frozenset({Outcome.UNKNOWN, Outcome.MISCONFIGURED})


@dataclass(frozen=True, slots=True)
class Claim:
    """An errand as it is sent; `is_first` means that nobody can have sent it before."""

    errand_id: int
    cargo_company_id: int
    request: Request
    is_first: bool


@dataclass(frozen=True, slots=True)
class Errands:
    """The handler of `cargo.errands`; safe to run twice, at any point, by anybody."""

    carriers: Carriers
    timing: Timing

    def run(self, run: OperationRun) -> None:
        """Run every open errand of the order, or put the rest off. Raises LeaseLost."""
        while not run.ended:
            with unit_of_work() as session:
                claim = _claim(session, run, int(run.args["order_id"]))
            if claim is not None:
                self._run_one(run, claim)

    def _run_one(self, run: OperationRun, claim: Claim) -> None:
        answer = self._answer(claim)
        with unit_of_work() as session:
            if isinstance(answer, CarrierAnswer):
                _settle(session, run, claim, answer, self.timing)
            else:
                run.postpone(session, answer, "The carrier does not answer; it is asked again soon.")

    def _answer(self, claim: Claim) -> CarrierAnswer | float:
        """What the carrier says, or the seconds to wait while its breaker is open."""
        if not claim.request.tracking_number and claim.request.kind is not ErrandKind.LABEL:
            return CarrierAnswer(Outcome.DONE, words="No label was issued, so there was nothing to tell.")
        try:
            carrier = self.carriers(claim.cargo_company_id)
        except CarrierNotConnected as missing:
            return CarrierAnswer(Outcome.REFUSED, code=missing.error_code, words=missing.message)
        name = f"carrier:{carrier.name}"
        with unit_of_work() as session:
            pause = breaker.admit(session, name, self.timing)
        if pause is not None:
            return pause
        answer = _look_or_ask(carrier, claim)
        with unit_of_work() as session:
            if answer.outcome in _UNREACHED:
                breaker.note_failure(session, name, answer.words, self.timing)
            else:
                breaker.note_success(session, name)
        return answer


def _look_or_ask(carrier: Carrier, claim: Claim) -> CarrierAnswer:
    if not claim.is_first:
        found = carrier.look(claim.request)
        if found is not None:
            return found
    return carrier.ask(claim.request)


def _claim(session: Session, run: OperationRun, order_id: int) -> Claim | None:
    """The order's next errand; None when there is none any more, and the operation has ended.

    Under the order's lock, as every errand is left: one that comes now finds this operation, or makes another.
    """
    order = lock_order(session, order_id)
    run.fence(session)
    query = (
        select(CargoErrand).where(CargoErrand.order_id == order_id, _OPEN).order_by(CargoErrand.id).limit(1)
    )
    errand = session.scalars(query).one_or_none()
    if errand is None:
        run.finish(session, {})
        return None
    claim = Claim(
        errand.id,
        errand.cargo_company_id,
        _request(session, order, errand),
        is_first=errand.attempts == 0,
    )
    errand.attempts += 1
    errand.sent_at = errand.sent_at or func.clock_timestamp()
    return claim


def _request(session: Session, order: Order, errand: CargoErrand) -> Request:
    kind = ErrandKind(errand.kind)
    number = errand.tracking_number
    if kind is ErrandKind.UPDATE and errand.package_id is not None:
        # The label's own errand has run by now; its number is the package's.
        number = session.get_one(Package, errand.package_id).tracking_number or ""
    address = session.get(Address, errand.address_id) if errand.address_id is not None else None
    return Request(kind, errand.reference, order.number, number, _receiver(address) if address else None)


def _receiver(address: Address) -> Receiver:
    return Receiver(
        name=address.full_name,
        company=address.company,
        line1=address.line1,
        line2=address.line2,
        district=address.district,
        city=address.city,
        state=address.state,
        postcode=address.postcode,
        country=address.country,
        phone=address.phone,
    )


def _settle(session: Session, run: OperationRun, claim: Claim, answer: CarrierAnswer, timing: Timing) -> None:
    """Write what came of it, fenced by the lease; orders are locked before operations, here as elsewhere."""
    order = lock_order(session, int(run.args["order_id"]))
    run.fence(session)
    errand = session.get_one(CargoErrand, claim.errand_id, populate_existing=True)
    if errand.ended_at is not None:
        return
    errand.code, errand.words = answer.code, answer.words
    if answer.outcome is Outcome.ASKED:
        errand.state = "asked"
        run.postpone(session, POLL_S, "The carrier will say later.")
    elif answer.outcome in _UNREACHED:
        _try_again(session, run, order, errand, answer, timing)
    else:
        settle_errand(session, order, errand, answer)


def _try_again(
    session: Session,
    run: OperationRun,
    order: Order,
    errand: CargoErrand,
    answer: CarrierAnswer,
    timing: Timing,
) -> None:
    """Nobody knows: look again after a while; in the end a person has to."""
    if answer.retry_after_s is not None:
        run.postpone(session, max(answer.retry_after_s, 1.0), "The carrier asked for a pause.")
        return
    permanent = answer.outcome is Outcome.MISCONFIGURED
    words = answer.words or "The carrier did not answer."
    if run.fail(session, words, backoff_s=timing.backoff_s, permanent=permanent):
        said = (
            f"The carrier could not be asked: {words} Whether it has our wish is not known. "
            "When it answers again, let the operation run again."
        )
        alarm(session, order, AttentionKind.CARRIER_SILENT, said, errand=errand.id)
