"""Remembering what is read often and may be a few seconds old. Per process; nothing is shared, nothing survives."""

import time
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

Value = TypeVar("Value")
MOST_KEYS: Final = 500  # then everything is forgotten: filters are many, and each costs little to read again


class Remembered:
    """Values by key, each kept for `seconds` (0 keeps nothing)."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """The value of `key`, read anew when it is too old. Two threads may read at the same time; the later one stays."""
        now = self._clock()
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            value: Value = kept[1]
            return value
        value = read()
        if len(self._kept) >= MOST_KEYS:
            self._kept.clear()
        self._kept[key] = (now + self._seconds, value)
        return value

    def forget(self) -> None:
        """Read everything anew."""
        self._kept.clear()
