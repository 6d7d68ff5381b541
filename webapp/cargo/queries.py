"""Accounts at carriers as the pages show them: never a key."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.account_changes import CHECK_KIND, GONE
from webapp.cargo.carriers import CARRIERS
from webapp.cargo.models import CargoAccount, CargoCompany, CargoErrand
from webapp.core.breaker import CircuitBreaker
from webapp.core.errors import NotFound
from webapp.core.operations import OPEN, Operation
from webapp.core.text import fold

_WAITING = CargoErrand.state.in_(("waiting", "asked"))


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """An account, its carrier, how many errands wait for it, its breaker, and the test that runs just now."""

    account: CargoAccount
    company: CargoCompany
    waiting: int
    breaker: CircuitBreaker | None
    running: Operation | None

    @property
    def is_held_back(self) -> bool:
        """Whether errands wait because the carrier does not answer."""
        return self.breaker is not None and self.breaker.opened_at is not None


def accounts(session: Session) -> list[AccountHealth]:
    """Every account, by the carrier's name."""
    query = select(CargoAccount, CargoCompany).join(
        CargoCompany, CargoCompany.id == CargoAccount.cargo_company_id
    )
    return _healths(session, [(a, c) for a, c in session.execute(query.order_by(CargoCompany.name))])


def account(session: Session, company_id: int) -> AccountHealth:
    """One account. Raises NotFound."""
    query = (
        select(CargoAccount, CargoCompany)
        .join(CargoCompany, CargoCompany.id == CargoAccount.cargo_company_id)
        .where(CargoCompany.id == company_id)
    )
    found = _healths(session, [(a, c) for a, c in session.execute(query)])
    if not found:
        raise NotFound(GONE)
    return found[0]


def connectable(session: Session) -> list[tuple[str, str]]:
    """(short name, name) of carriers without an account, by name: those that staff keep, and those that we know besides."""
    has_account = select(CargoAccount.id).where(CargoAccount.cargo_company_id == CargoCompany.id).exists()
    kept = session.execute(
        select(CargoCompany.slug, CargoCompany.name, CargoCompany.is_active & ~has_account)
    ).all()
    found = {slug: name for slug, name, may_be in kept if may_be}
    slugs = {slug for slug, _, _ in kept}
    found |= {each.slug: each.name for each in CARRIERS if each.slug not in slugs}
    return sorted(found.items(), key=lambda carrier: fold(carrier[1]))


def _healths(session: Session, found: Sequence[tuple[CargoAccount, CargoCompany]]) -> list[AccountHealth]:
    waiting = _waiting(session)
    names = [f"carrier:{company.slug}" for _, company in found]
    breakers = {
        row.name: row for row in session.scalars(select(CircuitBreaker).where(CircuitBreaker.name.in_(names)))
    }
    open_checks = select(Operation).where(Operation.kind == CHECK_KIND, OPEN)
    running = {each.dedupe_key: each for each in session.scalars(open_checks)}
    return [
        AccountHealth(
            account=account,
            company=company,
            waiting=waiting.get(company.id, 0),
            breaker=breakers.get(f"carrier:{company.slug}"),
            running=running.get(f"carrier:{company.id}"),
        )
        for account, company in found
    ]


def _waiting(session: Session) -> dict[int, int]:
    """How many errands each carrier still has to do."""
    query = select(CargoErrand.cargo_company_id, func.count()).where(_WAITING)
    return {row[0]: row[1] for row in session.execute(query.group_by(CargoErrand.cargo_company_id))}
