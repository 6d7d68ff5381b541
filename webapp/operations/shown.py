"""An operation as templates show it."""

from dataclasses import dataclass

from webapp.auth.permissions import Permission, can
from webapp.core.clock import utc_now
from webapp.core.operations import Operation, OperationState
from webapp.operations import wording
from webapp.operations.queries import Line
from webapp.ui.formatting import duration, number
from webapp.ui.i18n import gettext


@dataclass(frozen=True)
class Shown:
    """The row with its words, dot and figures, and what the reader may do with it."""

    line: Line
    words: wording.KindWords
    state: wording.StateWords
    figures: list[tuple[str, int]]
    failures: int
    can_retry: bool

    @property
    def operation(self) -> Operation:
        """The row itself."""
        return self.line.operation

    @property
    def sentence(self) -> str:
        """What came of it, in a few words: `12 new, 3 changed`."""
        told = wording.news(self.operation)
        if not told:
            nothing: str = gettext("nothing new") if self.figures else ""
            return nothing
        return ", ".join(f"{number(value)} {gettext(label)}" for label, value in told)

    @property
    def took(self) -> str:
        """From its first start to its end, or to now while it runs; empty before it has begun."""
        began, ended = self.operation.started_at, self.operation.finished_at
        return "" if began is None else duration((ended or utc_now()) - began)


def shown(line: Line) -> Shown:
    """The line with everything a template needs."""
    operation = line.operation
    return Shown(
        line=line,
        words=wording.kind_words(operation.kind),
        state=wording.state_words(operation, utc_now()),
        figures=wording.figures(operation),
        failures=wording.failures(operation),
        can_retry=operation.state == OperationState.DEAD and can(Permission.OPERATIONS_RETRY),
    )
