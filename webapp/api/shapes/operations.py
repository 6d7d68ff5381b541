"""Background work."""

from typing import Final

from webapp.api.shapes.kinds import (
    ANY_OBJECT,
    MOMENT,
    PK,
    TEXT,
    UUID,
    WHOLE,
    Shape,
    maybe,
    one_of,
    record,
    walk_of,
)
from webapp.core.operations import OperationState
from webapp.core.worklist import Outcome

SHAPES: Final[dict[str, Shape]] = {
    "Operation": record(
        id=UUID,
        kind=TEXT,
        state=one_of(OperationState),
        channel=maybe(PK),
        order=maybe(PK),
        attempt=WHOLE,
        max_attempts=WHOLE,
        progress_done=WHOLE,
        progress_total=maybe(WHOLE),
        result=maybe(ANY_OBJECT),
        last_error=maybe(TEXT),
        requested_by=maybe(PK),
        created_date=MOMENT,
        started_date=maybe(MOMENT),
        finished_date=maybe(MOMENT),
    ),
    "OperationPage": walk_of("Operation"),
    "Verdict": record(position=WHOLE, outcome=one_of(Outcome), words=TEXT, order=maybe(PK)),
    "VerdictPage": walk_of("Verdict"),
}
