"""A desk with orders, and a receiver that wants everything."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tests.cancelling import Counter
from tests.webhooks.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)
