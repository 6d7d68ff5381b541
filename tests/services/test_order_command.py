"""`kontor order show`: one order as the API's detail payload."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy.orm import Session

from tests.factories import item, make_channel, make_order
from tests.servers import settings_environment
from webapp.cli import main
from webapp.core.settings import Settings


@pytest.fixture
def kontor(settings: Settings, session: Session):  # type: ignore[no-untyped-def]
    def run(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), env=settings_environment(settings))

    return run


def test_show_when_the_number_is_known_then_prints_the_payload_and_nothing_else(
    kontor,  # type: ignore[no-untyped-def]
    session: Session,
) -> None:
    make_order(session, make_channel(session), number="1001", items=[item("12.50", name="Şal")])
    session.commit()

    result = kontor("order", "show", "1001")

    assert result.exit_code == 0
    payload = json.loads(result.stdout)
    assert (payload["number"], payload["amount"], payload["status"]) == ("1001", "12.50", "400")
    assert payload["orderitem_set"][0]["name"] == "Şal"


def test_show_when_several_channels_use_the_number_then_asks_which(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    make_order(session, make_channel(session), number="1001")
    make_order(session, make_channel(session, "Bazaar"), number="1001")
    session.commit()

    unclear = kontor("order", "show", "1001")
    clear = kontor("order", "show", "1001", "--channel", "Bazaar")

    assert unclear.exit_code == 1
    assert "Several channels have an order 1001: Web shop TR, Bazaar." in unclear.output
    assert json.loads(clear.stdout)["channel"]["name"] == "Bazaar"


def test_show_when_there_is_no_such_order_then_says_so(kontor, session: Session) -> None:  # type: ignore[no-untyped-def]
    assert "There is no order 7." in kontor("order", "show", "7").output
    assert kontor("order", "show", "7", "--channel", "Bazaar").exit_code == 1
