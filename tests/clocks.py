"""Clocks that are wrong: what a process of the product takes for the time, hours off the database's.

with clock_off(26): …                              this process
python -m tests.clocks money                       a worker, CLOCK_OFF_H hours off
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from unittest import mock

import worker
from webapp.core import clock


@contextmanager
def clock_off(hours: float) -> Iterator[None]:
    """Whatever asks the product's clock or the system's in here is that many hours off; leases and rows are not."""
    right = time.time

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(hours=hours)

    with (
        mock.patch.object(clock, "datetime", Wrong),
        mock.patch.object(clock, "_behind", timedelta(0)),
        mock.patch.object(time, "time", lambda: right() + hours * 3600),
    ):
        yield


if __name__ == "__main__":
    with clock_off(float(os.environ["CLOCK_OFF_H"])):
        worker.main(sys.argv[1])
