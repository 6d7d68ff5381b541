"""Our own PostgreSQL and Valkey: durable, closed to strangers, and also for root."""

import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.servers import Services, free_port
from webapp.core import accounts
from webapp.core.embedded import EmbeddedError, Postgres, Valkey
from webapp.core.home import Home, Ports, environment


def test_postgres_when_it_runs_then_acknowledged_commits_are_on_disk(services: Services) -> None:
    options = " ".join(Postgres(services.home, 1)._options())

    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert f"{setting}=on" in options


def test_postgres_when_asked_without_the_password_then_it_refuses(services: Services) -> None:
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host="127.0.0.1", port=services.postgres.port, user="postgres", dbname="postgres")


def test_postgres_when_the_product_signs_in_then_it_is_no_superuser(services: Services) -> None:
    with psycopg.connect(services.postgres.url) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False)


def test_valkey_when_it_runs_then_it_keeps_a_log_and_forgets_nothing(services: Services) -> None:
    with redis.Redis.from_url(services.valkey.url) as valkey:
        found = valkey.config_get("append*", "maxmemory-policy", "bind")
    assert found["appendonly"] == "yes"
    assert found["appendfsync"] == "everysec"
    assert found["maxmemory-policy"] == "noeviction"
    assert found["bind"] == "127.0.0.1"


def test_valkey_when_asked_without_the_password_then_it_refuses(services: Services) -> None:
    with (
        redis.Redis(host="127.0.0.1", port=services.valkey.port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_servers_when_killed_then_they_come_back_with_their_data(tmp_path: Path) -> None:
    services = Services.start(tmp_path / "home")
    try:
        with psycopg.connect(services.postgres.url) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
        with redis.Redis.from_url(services.valkey.url) as valkey:
            valkey.set("note", "kept")
            valkey.execute_command("WAITAOF", 1, 0, 5000)

        services.kill("postgres")
        services.kill("valkey")
        services.start_postgres()
        services.start_valkey()

        with psycopg.connect(services.postgres.url) as connection:
            assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)
        with redis.Redis.from_url(services.valkey.url) as valkey:
            assert valkey.get("note") == b"kept"
    finally:
        services.stop()


def test_postgres_when_its_secrets_are_lost_then_the_sentence_says_what_to_restore(tmp_path: Path) -> None:
    services = Services.start(tmp_path / "home")
    try:
        (services.home.root / "secrets" / "postgres_password").unlink()
        with pytest.raises(EmbeddedError, match="restore both from the same backup"):
            services.postgres.wait_ready(lambda: True)
    finally:
        services.stop()


def test_a_server_when_it_ends_at_once_then_the_sentence_names_its_log(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    with pytest.raises(EmbeddedError, match=r"Valkey ended at once; its reason is in .*valkey\.log"):
        Valkey(home, free_port()).wait_ready(lambda: False)


@pytest.fixture
def reachable_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that other accounts can enter, standing for /var/lib/kontor; and no `unshare` on the PATH."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setattr(accounts, "OWN_PLACE", folder / "kontor")
    monkeypatch.setenv("PATH", "/nonexistent")
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_postgres_when_root_has_no_namespaces_then_it_runs_as_another_account(
    reachable_folder: Path, tmp_path: Path
) -> None:
    services = Services.start(tmp_path / "home")
    try:
        nobody = pwd.getpwnam("nobody")
        data = next(reachable_folder.glob("kontor/*/postgres"))
        assert data.stat().st_uid == nobody.pw_uid
        assert data.parent.stat().st_mode & 0o077 == 0
        assert not services.home.postgres.exists()
        services.kill("postgres")
        services.start_postgres()
    finally:
        services.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_postgres_when_root_may_use_no_other_place_then_one_sentence_says_so(
    reachable_folder: Path, tmp_path: Path
) -> None:
    (reachable_folder / "kontor").touch()
    home = Home(tmp_path)
    home.create()
    with pytest.raises(accounts.SettingsError, match="run Kontor as another user, or set DATABASE_URL"):
        Postgres(home, free_port()).prepare()


def test_free_port_when_asked_then_nobody_listens_there() -> None:
    port = free_port()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_environment_when_a_product_runs_then_other_terminals_find_it(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    home.secret("secret_key")
    home.publish(Ports(postgres=20_001, valkey=20_002))

    found = environment({"KONTOR_HOME": str(tmp_path), "REDIS_URL": "redis://redis.example/0"})

    assert found["DATABASE_URL"] == home.database_url(20_001)
    assert found["REDIS_URL"] == "redis://redis.example/0"
    assert found["SECRET_KEY"] == home.secret("secret_key")


def test_environment_when_nothing_runs_then_it_invents_nothing(tmp_path: Path) -> None:
    assert environment({"KONTOR_HOME": str(tmp_path)}) == {"KONTOR_HOME": str(tmp_path)}


def test_secret_when_asked_twice_then_it_is_the_same_and_only_ours_to_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()

    assert home.secret("secret_key") == home.secret("secret_key")
    assert len(home.secret("secret_key")) >= 32
    assert (tmp_path / "secrets" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_folders_of_the_servers_when_running_then_closed_to_everybody_else(services: Services) -> None:
    """S35: whoever else works on the machine reads neither tables nor secrets."""
    folders = (services.home.root / "secrets", services.home.postgres, services.home.valkey)

    assert {folder.name: oct(folder.stat().st_mode & 0o077) for folder in folders} == dict.fromkeys(
        ("secrets", "postgres", "valkey"), "0o0"
    )


def test_postgres_when_it_runs_then_it_listens_to_this_machine_alone(services: Services) -> None:
    with psycopg.connect(services.postgres.url) as connection:
        row = connection.execute("SELECT current_setting('listen_addresses')").fetchone()

    assert row == ("127.0.0.1",)
    assert "unix_socket_directories=" in " ".join(Postgres(services.home, 1)._options())
