"""Settings that contradict each other are refused at the start, in words that say what to do."""

import pytest

from webapp.core.settings import Settings, SettingsError

NEEDED = {
    "SECRET_KEY": "s" * 40,
    "DATABASE_URL": "postgresql+psycopg://kontor@db.example/kontor",
    "REDIS_URL": "redis://queue.example",
    "KONTOR_CREDENTIAL_KEYS": "",
}


def test_a_lease_when_a_call_may_outlast_it_then_nothing_starts() -> None:
    """Such a worker would begin every refund and send none."""
    times = {"KONTOR_CONNECT_TIMEOUT_S": "3", "KONTOR_READ_TIMEOUT_S": "20"}
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({**NEEDED, **times, "KONTOR_LEASE_S": "46"})
    assert str(refused.value) == (
        "KONTOR_LEASE_S is 46: make it longer than 46 s, twice what a call may take"
        " (KONTOR_CONNECT_TIMEOUT_S and KONTOR_READ_TIMEOUT_S)."
    )
    assert Settings.from_env({**NEEDED, **times, "KONTOR_LEASE_S": "46.5"}).timing.lease_s == 46.5
