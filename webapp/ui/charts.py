"""Bar charts as figures: every position is computed here, the template only writes them down."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 180  # user units of the SVG; it scales to its card
FOOT = 20  # room for the labels below the bars
GAP = 3
MOST_TICKS = 12  # labels beside each other that stay readable at 720 units


@dataclass(frozen=True)
class Bar:
    """One bar; `tick` says whether its label is written below it."""

    x: int
    y: int
    width: int
    height: int
    label: str
    text: str
    tick: bool

    @property
    def middle(self) -> int:
        """Where its label is centred."""
        return self.x + self.width // 2


@dataclass(frozen=True)
class BarChart:
    """A chart's bars and frame; `title` is what a screen reader says."""

    title: str
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT
    baseline: int = HEIGHT - FOOT


def bar_chart(title: str, values: Sequence[tuple[str, int, str]]) -> BarChart:
    """Bars for (label, value, value in words), values not negative, the highest bar as high as the chart."""
    highest = max((value for _, value, _ in values), default=0) or 1
    step = max(1, WIDTH // max(1, len(values)))
    every = -(-len(values) // MOST_TICKS) or 1
    room = HEIGHT - FOOT
    bars = tuple(
        Bar(
            x=index * step,
            y=room - value * room // highest,
            width=max(1, step - GAP),
            height=value * room // highest,
            label=label,
            text=text,
            tick=index % every == 0,
        )
        for index, (label, value, text) in enumerate(values)
    )
    return BarChart(title, bars)
