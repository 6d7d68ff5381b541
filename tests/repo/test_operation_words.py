"""Every kind of background work has words for staff."""

from webapp import jobs
from webapp.operations.wording import KINDS


def test_every_kind_when_a_handler_runs_it_then_staff_read_words_for_it() -> None:
    assert sorted(jobs.handlers().keys() - KINDS.keys()) == []


def test_no_words_when_nothing_runs_that_kind() -> None:
    assert sorted(KINDS.keys() - jobs.handlers().keys()) == []
