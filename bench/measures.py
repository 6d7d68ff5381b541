"""What a measurement comes to: rows of a table with a goal, and whether it was reached."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One row of the results; `reached` None where there is no goal to reach."""

    goal: str
    what: str
    figure: str
    beside: str
    reached: bool | None


@dataclass(frozen=True)
class Spread:
    """Milliseconds of many runs."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """Median, and the tenth and ninetieth percentile."""
        ordered = sorted(each * 1000 for each in seconds)
        return cls(statistics.median(ordered), ordered[len(ordered) // 10], ordered[len(ordered) * 9 // 10])

    def __str__(self) -> str:
        return f"{self.median:.1f} ms ({self.low:.1f}–{self.high:.1f})"


def interleaved(work: Mapping[str, Callable[[], object]], rounds: int, warm: int = 3) -> dict[str, Spread]:
    """Each piece of work once a round, so that the machine's moods fall on all alike."""
    spent: dict[str, list[float]] = {name: [] for name in work}
    for at in range(rounds + warm):
        for name, do in work.items():
            began = time.perf_counter()
            do()
            if at >= warm:
                spent[name].append(time.perf_counter() - began)
    return {name: Spread.of(values) for name, values in spent.items()}
