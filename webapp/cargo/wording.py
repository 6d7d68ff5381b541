"""How an account at a carrier stands, in a few plain words with a dot."""

from dataclasses import dataclass

from webapp.cargo.queries import AccountHealth
from webapp.core.text import N_
from webapp.orders.enums import Dot


@dataclass(frozen=True, slots=True)
class AccountState:
    """`label` is an English message id; `words` are the carrier's own, empty where it said nothing."""

    label: str
    dot: Dot
    words: str = ""


def account_state(health: AccountHealth) -> AccountState:
    """What somebody should know first: off, silent, refused when it was tested, never tested, or well."""
    account = health.account
    if not account.is_active:
        return AccountState(N_("Switched off"), Dot.GREY)
    if health.is_held_back and health.breaker is not None:
        return AccountState(N_("Does not answer"), Dot.RED, health.breaker.last_error or "")
    if account.check_error:
        return AccountState(N_("Test failed"), Dot.AMBER, account.check_error)
    if account.checked_at is None:
        return AccountState(N_("Not tested"), Dot.GREY)
    return AccountState(N_("Connected"), Dot.GREEN)
