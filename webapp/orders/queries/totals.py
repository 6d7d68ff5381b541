"""How many orders a list has: exact where that is cheap, else about, as PostgreSQL's statistics have it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ClauseElement, Executable, Select, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from webapp.orders.models import Order
from webapp.orders.queries.criteria import OrderFilter, Scope
from webapp.orders.queries.narrowing import narrowings, placed_clauses
from webapp.orders.queries.surroundings import COUNT_CAP

# In the planner's units: about what reading five thousand rows from all over the table costs (5 ms).
AFFORDABLE: Final = 6_000.0


@dataclass(frozen=True)
class Total:
    """`value` is exact up to COUNT_CAP, which means "more"; else it is what the statistics say."""

    value: int
    exact: bool = True


class Explain(Executable, ClauseElement):
    """EXPLAIN (FORMAT JSON) of a statement."""

    inherit_cache = False

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement = statement


@compiles(Explain)
def _compile_explain(element: Explain, compiler: SQLCompiler, **options: Any) -> str:
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


def count_matching(session: Session, wanted: OrderFilter, scope: Scope) -> Total:
    """How many orders the filters leave; words are not looked at. Two statements at most."""
    counting, is_cheap = _counting(wanted, scope)
    if counting is None:
        return Total(0)
    if is_cheap:
        return Total(session.execute(counting).scalar_one())
    plan = session.execute(Explain(counting)).scalar_one()[0]["Plan"]
    if plan["Total Cost"] <= AFFORDABLE:
        return Total(session.execute(counting).scalar_one())
    return Total(_expected_rows(plan), exact=False)


@lru_cache(maxsize=256)
def _counting(wanted: OrderFilter, scope: Scope) -> tuple[Select[int] | None, bool]:
    """The statement that counts, and whether one index alone answers it; None when nothing can match."""
    conditions = narrowings(wanted, scope)
    if conditions is None:
        return None, True
    clauses = [*(each.clause for each in conditions), *placed_clauses(wanted)]
    matching = select(Order.id).where(*clauses)
    counting = select(func.count()).select_from(matching.limit(COUNT_CAP).subquery())
    alone = len(conditions) == 1 and (conditions[0].column is not None or conditions[0].is_partial)
    return counting, alone or not conditions


def _expected_rows(plan: dict[str, Any]) -> int:
    """The rows the planner expects under the LIMIT, which itself would only say its own number."""
    while plan["Node Type"] in ("Aggregate", "Limit", "Gather", "Subquery Scan"):
        plan = plan["Plans"][0]
    return int(plan["Plan Rows"])
