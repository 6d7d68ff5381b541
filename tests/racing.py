"""People and workers at the same moment: jobs in threads of their own that begin together, each with its outcome."""

import os
import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from webapp.core.db import db

# Rounds of each race; KONTOR_RACE_N=200 for the long form, KONTOR_RACE_SEED to repeat one.
ROUNDS = int(os.environ.get("KONTOR_RACE_N", "40"))
SEED = int(os.environ.get("KONTOR_RACE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


def race(app: Flask, jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the jobs at one barrier; each one's value, or the exception it ended with, in the order of the jobs."""
    begin = threading.Barrier(len(jobs))
    outcomes: list[Any] = [None] * len(jobs)

    def run(at: int) -> None:
        with app.app_context():
            begin.wait(30)
            try:
                outcomes[at] = jobs[at]()
            except Exception as refused:
                outcomes[at] = refused
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
