"""What gunicorn's hooks do to a web process."""

import gc
from collections.abc import Iterator

import pytest

from webapp import serving
from webapp.core.heap import YOUNG_OBJECTS


@pytest.fixture
def collector() -> Iterator[None]:
    """Gives the collector its old thresholds back, and what was frozen."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_a_web_process_when_it_is_ready_spares_the_collector_what_stays() -> None:
    frozen, thresholds = gc.get_freeze_count(), gc.get_threshold()

    serving.post_worker_init(None)

    assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == (YOUNG_OBJECTS, *thresholds[1:])
    assert gc.isenabled()
