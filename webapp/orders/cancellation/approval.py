"""Who may approve: limits belong to a role and a currency."""

from collections.abc import Mapping
from decimal import Decimal


def needs_second_person(amount: Decimal, limit: Decimal | None) -> bool:
    """Whether opener and approver must be two people; `limit` is that of the approver's role, None is no limit set.

    A currency without a limit needs two people. Where no money goes back there is nothing to guard.
    """
    return amount > 0 and (limit is None or amount > limit)


def roles_that_approve_alone(amount: Decimal, limits: Mapping[str, Decimal | None]) -> frozenset[str]:
    """The roles, of those that may approve at all, whose member may approve what they opened themselves."""
    return frozenset(role for role, limit in limits.items() if not needs_second_person(amount, limit))
