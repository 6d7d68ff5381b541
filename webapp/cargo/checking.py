"""Tests a connection to a carrier: a question that changes nothing, asked with no transaction open."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.accounts import client_of
from webapp.cargo.cargo_service import ERRANDS_KIND
from webapp.cargo.carrier import Carrier, CarrierAnswer, ErrandKind, Outcome, Request
from webapp.cargo.models import CargoAccount, CargoCompany, CargoErrand
from webapp.core import breaker
from webapp.core.db import unit_of_work
from webapp.core.errors import IntegrationError, NotFound
from webapp.core.operations import Operation, OperationRun, Queue
from webapp.core.second_tries import hurry
from webapp.core.settings import Settings
from webapp.core.text import N_

# A reference that no errand has: who answers that it is unknown has let us in.
NO_ERRAND: Final = "00000000-0000-4000-8000-000000000000"
ACCEPTED: Final = "The carrier accepts the key."
_UNREACHED: Final = frozenset({Outcome.UNKNOWN, Outcome.MISCONFIGURED})


@dataclass(frozen=True, slots=True)
class CarrierCheck:
    """The handler of `cargo.check`; safe to run twice."""

    settings: Settings

    def run(self, run: OperationRun) -> None:
        """Ask, and keep what was said with the account, unless it was changed meanwhile.

        Raises IntegrationError when the carrier refuses or is silent, and LeaseLost.
        """
        company_id = int(run.args["cargo_company_id"])
        with unit_of_work() as session:
            carrier, version = self._carrier(session, company_id)
        answer = carrier.look(Request(ErrandKind.LABEL, NO_ERRAND, order_number=""))
        error = _wrong(answer)
        with unit_of_work() as session:
            run.fence(session, done=1, total=1, note=error or ACCEPTED)
            account = session.scalars(
                select(CargoAccount)
                .where(CargoAccount.cargo_company_id == company_id, CargoAccount.version == version)
                .with_for_update()
            ).one_or_none()
            if account is not None:
                account.checked_at, account.check_error = func.clock_timestamp(), error
            if not error:
                # Whoever repaired the connection need not wait for the next probe, nor for any errand's next try.
                breaker.note_success(session, f"carrier:{carrier.name}")
                waiting = select(CargoErrand.order_id).where(
                    CargoErrand.cargo_company_id == company_id, CargoErrand.state == "waiting"
                )
                hurry(
                    session,
                    Queue.FILES,
                    Operation.kind == ERRANDS_KIND,
                    Operation.order_id.in_(waiting),
                )
        if error:
            raise IntegrationError(error, permanent=True)

    def _carrier(self, session: Session, company_id: int) -> tuple[Carrier, int]:
        account = session.scalars(
            select(CargoAccount).where(CargoAccount.cargo_company_id == company_id)
        ).one_or_none()
        if account is None:
            raise NotFound(N_("The carrier is not connected any more."))
        company = session.get_one(CargoCompany, company_id)
        return client_of(company, account, self.settings), account.version


def _wrong(answer: CarrierAnswer | None) -> str:
    """What stands in the way, in the carrier's words; empty when it says, as it should, that there is no such errand."""
    if answer is None:
        return ""
    if answer.outcome not in _UNREACHED:
        return (
            f"Something else than the carrier answers at this address: {answer.words or 'it knows our test.'}"
        )
    if answer.outcome is Outcome.MISCONFIGURED:
        return f"The carrier refuses: {answer.words}"
    return answer.words or "The carrier does not answer."
