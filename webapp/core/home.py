"""KONTOR_HOME: the folder of an installation that brings its own servers: data, secrets, logs, who is running.

Whoever holds its lock may repair what the last run left: every process of a run inherits the lock's descriptor, so it
is free only when the last of them has ended, however it ended.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from cryptography.fernet import Fernet

from webapp.core.settings import SettingsError

LAST_RUN_STOPS_S = 30.0  # The warden of a killed run needs at most half of it.

DATABASE = "kontor"

# What must not reach processes that have no use for it.
SECRET_VARIABLES = frozenset(
    {
        "DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "KONTOR_CREDENTIAL_KEYS",
        "KONTOR_ADMIN_PASSWORD",
        "KONTOR_METRICS_TOKEN",
    }
)


class HomeBusy(SettingsError):
    """Somebody else runs in this folder; the message says who."""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of our own servers while they run; None where an address from outside is used."""

    postgres: int | None = None
    valkey: int | None = None


@dataclass(frozen=True)
class Home:
    """Paths below KONTOR_HOME, and the secrets that are made there once."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def log(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def sandbox(self) -> Path:
        return self.root / "sandbox"

    def create(self) -> None:
        """Make the folders, closed to others; folders above are left as they are. Raises SettingsError."""
        for folder in (self.root, self._secrets, self.log, self.run):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(
                    f"KONTOR_HOME: cannot make {folder} ({error.strerror}); set it to a folder you may write."
                ) from None
        self._secrets.chmod(0o700)

    def secret(self, name: str) -> str:
        """The secret of that name, made up at first use and then kept (mode 0600). Never print or log it."""
        path = self._secrets / name
        if not path.exists():
            draft = path.with_suffix(".new")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(_make_secret(name))
            draft.replace(path)
        return path.read_text().strip()

    def has_secret(self, name: str) -> bool:
        return (self._secrets / name).exists()

    def lock(self) -> int:
        """The descriptor of the folder's lock, to be inherited by every process of the run. Raises HomeBusy.

        Waits for the remains of a run whose supervisor was killed; refuses at once while a supervisor lives.
        """
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + LAST_RUN_STOPS_S
        while not _locked(descriptor):
            holder = _living_pid(os.pread(descriptor, 20, 0))
            if holder is not None:
                raise HomeBusy(
                    f"Kontor already runs in {self.root} (process {holder}): stop it, or set KONTOR_HOME to another folder."
                )
            if time.monotonic() > deadline:
                raise HomeBusy(
                    f"Processes of an earlier run still use {self.root} and do not stop: end them, then start again."
                )
            time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return descriptor

    def publish(self, ports: Ports) -> None:
        """Tell commands in other terminals where our servers listen."""
        draft = self._ports.with_suffix(".new")
        draft.write_text(json.dumps({"postgres": ports.postgres, "valkey": ports.valkey}))
        draft.replace(self._ports)

    def retract(self) -> None:
        """Our servers are going to stop."""
        self._ports.unlink(missing_ok=True)

    def ports(self) -> Ports:
        """Where our servers listen, as last published."""
        try:
            return Ports(**json.loads(self._ports.read_text()))
        except (OSError, ValueError, TypeError):
            return Ports()

    def database_url(self, port: int) -> str:
        """The address of our own PostgreSQL, password included."""
        return f"postgresql://{DATABASE}:{self.secret('database_password')}@127.0.0.1:{port}/{DATABASE}"

    def redis_url(self, port: int) -> str:
        """The address of our own Valkey, password included."""
        return f"redis://:{self.secret('redis_password')}@127.0.0.1:{port}/0"

    @property
    def _secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def _ports(self) -> Path:
        return self.run / "ports.json"


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """`env` and, where it is silent, what KONTOR_HOME knows: its secrets and the addresses of its running servers.

    So `kontor order show` in a second terminal finds what `kontor up` started in the first. Writes nothing.
    """
    home = Home(Path(env.get("KONTOR_HOME", "").strip() or "var").absolute())
    known: dict[str, str] = {}
    for variable, name in (("SECRET_KEY", "secret_key"), ("KONTOR_CREDENTIAL_KEYS", "credential_keys")):
        if home.has_secret(name):
            known[variable] = home.secret(name)
    ports = home.ports()
    if ports.postgres is not None:
        known["DATABASE_URL"] = home.database_url(ports.postgres)
    if ports.valkey is not None:
        known["REDIS_URL"] = home.redis_url(ports.valkey)
    return {**known, **{name: value for name, value in env.items() if value.strip() or name not in known}}


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """`env` for a process beside the product: what Python needs, and none of our secrets."""
    return {name: value for name, value in env.items() if name not in SECRET_VARIABLES}


def _make_secret(name: str) -> str:
    return Fernet.generate_key().decode() if name == "credential_keys" else secrets.token_urlsafe(32)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _living_pid(text: bytes) -> int | None:
    """The supervisor named in the lock, unless it has ended (a zombie has)."""
    try:
        process = psutil.Process(int(text))
        return None if process.status() == psutil.STATUS_ZOMBIE else process.pid
    except (ValueError, psutil.NoSuchProcess):
        return None
