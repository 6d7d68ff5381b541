"""Small pieces of the sentences on an order's timeline."""

from collections.abc import Sequence


def counted(number: int, thing: str) -> str:
    """`1 item`, `3 items`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
