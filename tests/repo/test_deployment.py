"""Locks, process lists and the operations manual say the same as the code."""

import re
from pathlib import Path

import pytest
import yaml

from webapp.core.operations import Queue

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "operations.md").read_text()
SETTINGS = (ROOT / "webapp" / "core" / "settings.py").read_text()
LOCKS = ("requirements.lock", "requirements-dev.lock")


def test_manual_when_settings_read_a_variable_then_its_table_has_it_and_no_other() -> None:
    read = set(re.findall(r'(?:read\.\w+|env\.get)\(\s*"([A-Z_]+)"', SETTINGS))
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", MANUAL, re.MULTILINE))

    assert documented == read


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_when_read_then_every_package_has_hashes_and_nothing_names_an_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    requirements = re.split(r"\n(?=\w)", text)

    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert all(re.match(r"[a-z0-9-]+(\[\w+\])?==\S+", requirement) for requirement in requirements)
    for word in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", "@ "):
        assert word not in text


def test_locks_when_compared_then_tests_run_on_what_users_run() -> None:
    runtime, development = (_pins(lock) for lock in LOCKS)

    assert runtime.items() <= development.items()


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_lock_when_a_requirement_changes_then_it_has_been_made_again(name: str) -> None:
    wanted = dict(
        re.findall(r"^([A-Za-z0-9-]+)(?:\[\w+\])?==(\S+)$", (ROOT / name).read_text(), re.MULTILINE)
    )

    assert wanted.items() <= _pins(name.replace(".in", ".lock")).items()


def test_process_lists_when_read_then_each_queue_has_a_worker_and_the_clock_runs() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    composed = {tuple(service.get("command", ())[:2]) for service in services.values()}
    procfile = (ROOT / "Procfile").read_text()

    for queue in Queue:
        assert ("worker", queue.value) in composed
        assert f"python worker.py {queue.value}\n" in procfile
    for command in ("sweeper", "scheduler", "migrate"):
        assert (command,) in composed
        assert f"python -m webapp.cli {command}\n" in procfile


def test_workers_when_composed_then_their_grace_is_longer_than_a_slice_and_a_lease() -> None:
    from webapp.core.settings import Timing

    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for queue in Queue:
        grace = services[f"worker-{queue.value}"]["stop_grace_period"]
        assert int(grace.removesuffix("s")) > Timing.slice_s + Timing.lease_s


def _pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[\w+\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
