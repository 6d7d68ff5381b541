"""Ids as they are sent: numbers that no table can hold are nobody's, and no column could be compared with them."""

from collections.abc import Iterable
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.routing import IntegerConverter, Map, ValidationError

LARGEST_ID: Final = 2**63 - 1  # of PostgreSQL's bigint


def possible(numbers: Iterable[int]) -> set[int]:
    """Those that could be an id, each once."""
    return {number for number in numbers if 0 < number <= LARGEST_ID}


class RowId(IntegerConverter):
    """`<int:…>` of every address: what could be no id is not found."""

    def __init__(self, map: Map, *args: Any, **options: Any) -> None:
        super().__init__(map, *args, **{"max": LARGEST_ID, **options})

    def to_python(self, value: str) -> int:
        """The number. Raises NotFound at once: else an address for other methods might match, and say 405."""
        try:
            return int(super().to_python(value))
        except ValidationError:
            raise NotFound from None
