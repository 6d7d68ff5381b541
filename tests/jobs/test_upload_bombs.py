"""S21 from end to end: a real worker is handed every bomb, refuses each, and goes on with the next honest file."""

import pytest
from sqlalchemy.orm import Session

from tests.jobs import test_guarded_reading as bombs
from tests.servers import Processes, wait_until
from tests.uploading import HEADER, Uploads, csv_of, status, upload_now, verdicts
from webapp.core.periodic import sweep
from webapp.orders.views.tracking.words import refusal_words

BOMBS = (
    bombs.billion_laughs, bombs.outside_entity, bombs.gigabyte_of_rows, bombs.one_huge_cell, bombs.many_members,
    bombs.lying_sizes, bombs.open_quote, bombs.hollow_rows, bombs.hollow_cells, bombs.shared_strings,
    bombs.many_styles,
)  # fmt: skip


@pytest.fixture
def desk(session: Session) -> Uploads:
    return Uploads.open(session)


def test_a_worker_when_it_meets_every_bomb_then_each_is_refused_with_words_and_the_next_file_is_read(
    processes: Processes, desk: Uploads
) -> None:
    desk.order("1001")
    worker = processes.worker("files")
    uploads = [desk.hand_in(bomb(), name=f"{bomb.__name__}.xlsx") for bomb in BOMBS]
    honest = desk.hand_in(csv_of([HEADER, ("1001", "TR900100101")]))

    def all_read() -> bool:
        sweep()
        return all(status(each).state != "reading" for each in (*uploads, honest))

    wait_until(all_read, what="every file to be read or refused", timeout_s=120, every_s=0.2)

    assert {status(each).state for each in uploads} == {"refused"}
    assert all(refusal_words(upload_now(each).refusal) for each in uploads)
    assert verdicts(honest) == [("will_ship", "")]
    assert worker.is_alive()
