"""An operation as templates show it."""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext

from webapp.auth.permissions import Permission, can
from webapp.core.clock import utc_now
from webapp.core.operations import Operation, OperationState
from webapp.operations import wording
from webapp.operations.queries import Line
from webapp.ui.formatting import number


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


def duration(span: timedelta) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s` or `2 h 5 min`: as exact as anybody cares."""
    seconds = max(0.0, span.total_seconds())
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 60:
        text: str = gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
    elif minutes:
        text = gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    else:
        text = gettext("%(seconds)s s", seconds=f"{seconds:.1f}" if seconds < 10 else rest)
    return text
