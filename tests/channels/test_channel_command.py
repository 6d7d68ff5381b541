"""`kontor channel` and `kontor secrets`: what whoever runs the product can do from a shell."""

import json

from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.channels.shops import Connected, ids_of
from tests.jobs.shooting import PATIENT
from tests.order_drafts import draft, write
from tests.servers import Processes, settings_environment
from webapp.channels.models import Channel
from webapp.cli import main
from webapp.core.db import unit_of_work
from webapp.core.secrets import Vault
from webapp.core.settings import Settings
from webapp.orders.models import IntegrationAction


def run(settings: Settings, *words: str, keys: tuple[str, ...] = (), typed: str | None = None) -> Result:
    env = settings_environment(settings)
    if keys:
        env["KONTOR_CREDENTIAL_KEYS"] = ",".join(keys)
    return CliRunner().invoke(main, list(words), env=env, input=typed)


def test_channel_when_added_then_listed_without_its_credentials(settings: Settings, session: Session) -> None:
    words = (
        "--type",
        "woocommerce",
        "--name",
        "My shop",
        "--url",
        "https://shop.example",
        "--set",
        "time_zone=Europe/Istanbul",
    )
    added = run(
        settings,
        "channel",
        "add",
        *words,
        "--credential",
        "consumer_key=ck_1",
        "--credential",
        "consumer_secret=-",
        typed="cs_typed\n",
    )

    assert added.output.endswith("Channel 1 is connected: My shop.\n"), added.output
    assert "cs_typed" not in added.output
    listed = run(settings, "channel", "list", "--json")
    (row,) = json.loads(listed.output)
    assert (row["name"], row["type"], row["url"], row["failed_records"]) == (
        "My shop",
        "woocommerce",
        "https://shop.example",
        0,
    )
    assert "ck_1" not in listed.output
    assert "My shop" in run(settings, "channel", "list").output


def test_channel_when_something_is_wrong_then_one_sentence_and_status_1(
    settings: Settings, session: Session
) -> None:
    words = ("channel", "add", "--type", "woocommerce", "--name", "Shop", "--url", "https://shop.example")
    refused = run(settings, *words, "--credential", "consumer_key=ck_1")
    assert (refused.exit_code, refused.output) == (1, "Error: WooCommerce needs: Consumer secret.\n")
    assert (
        run(settings, *words, "--credential", "consumer_key").output
        == "Error: “consumer_key” has no value: write KEY=VALUE.\n"
    )
    assert run(settings, "channel", "pull", "Nobody").exit_code == 1


def test_pull_when_waited_for_then_prints_the_counts(
    settings: Settings, processes: Processes, connected: Connected
) -> None:
    processes.worker("channels", timing=PATIENT)
    total = len(ids_of(connected.shop))

    pulled = run(settings, "channel", "pull", "Sandbox", "--wait")

    assert pulled.exit_code == 0, pulled.output
    assert f"created {total}" in pulled.output
    again = run(settings, "channel", "pull", "Sandbox", "--wait", "--json")
    (counts,) = json.loads(again.output)
    assert (counts["created"], counts["failed"]) == (0, 0)
    told = run(settings, "channel", "backfill", "Sandbox", "--all", "--dry-run", "--wait")
    assert f"unchanged {total}" in told.output
    assert run(settings, "channel", "backfill", "Sandbox").exit_code == 1
    assert "is no date" in run(settings, "channel", "backfill", "Sandbox", "--start", "yesterday").output


def test_pull_when_given_up_then_says_why_and_status_1(
    settings: Settings, processes: Processes, connected: Connected
) -> None:
    processes.worker("channels", timing=PATIENT)
    Connected.to(
        connected.shop, name="Wrong", credentials={"consumer_key": "ck_sandbox", "consumer_secret": "x"}
    )

    failed = run(settings, "channel", "pull", "Wrong", "--wait")

    assert failed.exit_code == 1
    assert "does not accept the consumer key" in failed.output


def test_secrets_when_rotated_then_the_new_key_alone_opens_them(
    settings: Settings, session: Session, connected: Connected
) -> None:
    fresh = Fernet.generate_key().decode()

    rotated = run(settings, "secrets", "rotate", keys=(fresh, *settings.credential_keys))

    assert rotated.output.startswith("The credentials of 1 channels"), rotated.output
    session.rollback()
    stored = session.scalars(select(Channel.credentials)).one()
    assert Vault([fresh]).decrypt_fields(stored)["consumer_key"] == "ck_sandbox"


def test_outbox_when_a_message_was_given_up_then_listed_and_tried_again(
    settings: Settings, session: Session
) -> None:
    channel = Channel(name="Shop", channel_type="woocommerce", base_url="https://shop.example")
    session.add(channel)
    session.commit()
    result = write(channel, draft("1001", channel_id=channel.id))[0]
    with unit_of_work() as unit:
        unit.add(
            IntegrationAction(
                channel_id=channel.id,
                order_id=result.order_id,
                kind="tracking",
                state="given_up",
                args={},
                attempts=8,
                failure_words="The order is locked.",
            )
        )
    (row,) = json.loads(run(settings, "channel", "outbox", "Shop", "--json").output)
    assert (row["order"], row["state"], row["words"]) == ("1001", "given_up", "The order is locked.")
    again = run(settings, "channel", "outbox", "Shop", "--again")
    assert again.output == "1 given-up message is tried again.\n"
    (row,) = json.loads(run(settings, "channel", "outbox", "Shop", "--json").output)
    assert (row["state"], row["attempts"]) == ("waiting", 0)
