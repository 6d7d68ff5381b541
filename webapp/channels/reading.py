"""What reading a channel's payload can come to, besides an order."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webapp.orders.enums import FailureClass
from webapp.orders.inputs import OrderDraft


@dataclass(frozen=True)
class Skip:
    """Not an order (yet), such as a draft; `why` is for the record."""

    why: str


class ReadFailure(Exception):
    """A payload that no order can be made of. `words` tell staff what is wrong with which field."""

    def __init__(self, failure_class: FailureClass, words: str) -> None:
        super().__init__(words)
        self.failure_class = failure_class
        self.words = words


# (payload, whether we have this order already) → its draft. Pure; raises ReadFailure, and InvalidInput for amounts.
Reader = Callable[[Any, bool], OrderDraft | Skip]
