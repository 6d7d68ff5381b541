"""Every environment variable the product reads, read once. A missing or wrong one is one clear sentence at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class SettingsError(ValueError):
    """A variable is missing or wrong; the message is one sentence that names it and says what to write."""


@dataclass(frozen=True)
class Timing:
    """How long things wait or keep, in seconds. Tests inject short ones; production leaves the defaults."""

    lease_s: float = 120.0  # KONTOR_LEASE_S: a worker that is silent this long has lost its operation.
    sweep_s: float = 20.0  # KONTOR_SWEEP_S: how often due operations without a hint are found again.
    tick_s: float = 5.0  # KONTOR_TICK_S: how often the scheduler looks for a slot that has begun.
    slice_s: float = 20.0  # KONTOR_SLICE_S: how long one hint goes on taking due operations of its queue.
    backoff_s: tuple[float, ...] = (
        30.0,
        120.0,
        600.0,
        1800.0,
        3600.0,
    )  # KONTOR_BACKOFF_S: waits between attempts.
    breaker_window_s: float = (
        60.0  # KONTOR_BREAKER_WINDOW_S: failures without any success in it open a breaker.
    )
    breaker_failures: int = 5  # KONTOR_BREAKER_FAILURES: that many open it (a count, not seconds).
    breaker_probe_s: float = 10.0  # KONTOR_BREAKER_PROBE_S: an open breaker lets one call through this often.
    connect_timeout_s: float = 3.0  # KONTOR_CONNECT_TIMEOUT_S: to open a connection to a channel or gateway.
    read_timeout_s: float = 20.0  # KONTOR_READ_TIMEOUT_S: banks answer within 15 s or not at all.
    pull_overlap_s: float = 900.0  # KONTOR_PULL_OVERLAP_S: each pull reads this much again; shops stamp late.
    counts_s: float = 5.0  # KONTOR_COUNTS_S: how old the counts and menus around a list may be.

    @property
    def call_s(self) -> float:
        """Seconds that a call outside may take at most, with as much again to write down what came of it."""
        return 2 * (self.connect_timeout_s + self.read_timeout_s)


@dataclass(frozen=True)
class Settings:
    """What an installation decides. `database_url` or `redis_url` None means: start our own (see core/embedded.py)."""

    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8400
    database_url: str | None = None
    migration_database_url: str | None = None
    redis_url: str | None = None
    secret_key: str = ""
    credential_keys: tuple[str, ...] = ()
    admin_email: str = "admin@kontor.example"
    admin_password: str | None = None
    demo: bool = False
    workers: int = 1
    allow_private_network: bool = False
    trusted_hosts: tuple[str, ...] = ()
    proxy_hops: int = 0
    https: bool = False
    admins_need_code: bool = False  # KONTOR_ADMINS_NEED_CODE: administrators must use two-step sign-in.
    upload_rows: int = (
        20_000  # KONTOR_UPLOAD_ROWS: rows of one spreadsheet; a worker needs some 1 kB for each.
    )
    # KONTOR_RETENTION_MONTHS: customers who have ordered nothing for so long are erased at night; 0 keeps everybody.
    retention_months: int = 24
    # Who may read /metrics: whoever presents this token; without one, direct connections from this machine only.
    metrics_token: str | None = None
    # Where several web processes share what they count; `kontor web` sets it.
    metrics_folder: Path | None = None
    testing: bool = False
    timing: Timing = field(default_factory=Timing)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read the environment; raises SettingsError with the variable's name and the remedy."""
        read = _Reader(env)
        settings = cls(
            home=Path(read.text("KONTOR_HOME", "var")),
            host=read.text("HOST", cls.host),
            port=read.number("PORT", cls.port, low=1, high=65535),
            database_url=read.url("DATABASE_URL", ("postgresql", "postgresql+psycopg", "postgres")),
            migration_database_url=read.url(
                "MIGRATION_DATABASE_URL", ("postgresql", "postgresql+psycopg", "postgres")
            ),
            redis_url=read.url("REDIS_URL", ("redis", "rediss", "unix")),
            secret_key=read.text("SECRET_KEY", ""),
            credential_keys=read.words("KONTOR_CREDENTIAL_KEYS"),
            admin_email=read.text("KONTOR_ADMIN_EMAIL", cls.admin_email),
            admin_password=env.get("KONTOR_ADMIN_PASSWORD") or None,
            demo=read.flag("KONTOR_DEMO"),
            workers=read.number("KONTOR_WORKERS", cls.workers, low=1, high=64),
            allow_private_network=read.flag("KONTOR_ALLOW_PRIVATE_NETWORK"),
            trusted_hosts=read.words("KONTOR_TRUSTED_HOSTS"),
            proxy_hops=read.number("KONTOR_PROXY_HOPS", cls.proxy_hops, low=0, high=5),
            https=read.flag("KONTOR_HTTPS"),
            admins_need_code=read.flag("KONTOR_ADMINS_NEED_CODE"),
            upload_rows=read.number("KONTOR_UPLOAD_ROWS", cls.upload_rows, low=1, high=200_000),
            retention_months=read.number("KONTOR_RETENTION_MONTHS", cls.retention_months, low=0, high=600),
            metrics_token=env.get("KONTOR_METRICS_TOKEN") or None,
            metrics_folder=read.folder("PROMETHEUS_MULTIPROC_DIR"),
            timing=_timing(read),
        )
        if settings.secret_key and len(settings.secret_key) < 32:
            raise SettingsError("SECRET_KEY is too short: write at least 32 random characters.")
        return settings

    @property
    def sqlalchemy_url(self) -> str:
        """The database URL with our driver; raises SettingsError when there is none yet."""
        if self.database_url is None:
            raise SettingsError("DATABASE_URL is not set: set it, or start everything with `kontor up`.")
        return with_driver(self.database_url)


def with_driver(url: str) -> str:
    """The same PostgreSQL URL, naming the psycopg 3 driver."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else url


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str) -> str:
        return self._env.get(name, "").strip() or default

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(self._env.get(name, "").replace(",", " ").split())

    def folder(self, name: str) -> Path | None:
        text = self._env.get(name, "").strip()
        return Path(text) if text else None

    def flag(self, name: str) -> bool:
        value = self._env.get(name, "").strip().lower()
        if value in ("", "0", "no", "false", "off"):
            return False
        if value in ("1", "yes", "true", "on"):
            return True
        raise SettingsError(f"{name} is {value!r}: write 1 for on or 0 for off.")

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        return self._checked(
            name, default, int, f"write a whole number from {low} to {high}", lambda n: low <= n <= high
        )

    def seconds(self, name: str, default: float) -> float:
        return self._checked(name, default, float, "write a number of seconds above 0", lambda n: n > 0)

    def seconds_list(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        def parse(text: str) -> tuple[float, ...]:
            return tuple(float(part) for part in text.replace(",", " ").split())

        return self._checked(
            name, default, parse, "write numbers of seconds, separated by commas", lambda n: min(n) > 0
        )

    def url(self, name: str, schemes: tuple[str, ...]) -> str | None:
        value = self._env.get(name, "").strip()
        if not value:
            return None
        if urlsplit(value).scheme not in schemes:
            raise SettingsError(f"{name} has an unknown scheme: it must begin with {schemes[0]}://.")
        return value

    def _checked(
        self, name: str, default: T, parse: Callable[[str], T], remedy: str, fits: Callable[[T], bool]
    ) -> T:
        text = self._env.get(name, "").strip()
        if not text:
            return default
        try:
            value = parse(text)
        except ValueError:
            raise SettingsError(f"{name} is {text!r}: {remedy}.") from None
        if not fits(value):
            raise SettingsError(f"{name} is {text!r}: {remedy}.")
        return value


def _timing(read: _Reader) -> Timing:
    timing = Timing(
        lease_s=read.seconds("KONTOR_LEASE_S", Timing.lease_s),
        sweep_s=read.seconds("KONTOR_SWEEP_S", Timing.sweep_s),
        tick_s=read.seconds("KONTOR_TICK_S", Timing.tick_s),
        slice_s=read.seconds("KONTOR_SLICE_S", Timing.slice_s),
        backoff_s=read.seconds_list("KONTOR_BACKOFF_S", Timing.backoff_s),
        breaker_window_s=read.seconds("KONTOR_BREAKER_WINDOW_S", Timing.breaker_window_s),
        breaker_failures=read.number("KONTOR_BREAKER_FAILURES", Timing.breaker_failures, low=1, high=1000),
        breaker_probe_s=read.seconds("KONTOR_BREAKER_PROBE_S", Timing.breaker_probe_s),
        connect_timeout_s=read.seconds("KONTOR_CONNECT_TIMEOUT_S", Timing.connect_timeout_s),
        read_timeout_s=read.seconds("KONTOR_READ_TIMEOUT_S", Timing.read_timeout_s),
        pull_overlap_s=read.seconds("KONTOR_PULL_OVERLAP_S", Timing.pull_overlap_s),
        counts_s=read.seconds("KONTOR_COUNTS_S", Timing.counts_s),
    )
    if timing.lease_s <= timing.call_s:
        # No refund would ever be sent: what may outlast its lease is not begun.
        raise SettingsError(
            f"KONTOR_LEASE_S is {timing.lease_s:g}: make it longer than {timing.call_s:g} s, twice what a call may take"
            " (KONTOR_CONNECT_TIMEOUT_S and KONTOR_READ_TIMEOUT_S)."
        )
    return timing
