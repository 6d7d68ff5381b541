"""Servers that nobody here wrote. They come from npm, so they run by `make test-real` alone, where npm is there."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.proxy import FaultProxy

NPM = Path(__file__).parent / "npm"
INSTALL_S = 300
# Never with `make test`, which needs no network.
collect_ignore = [] if os.environ.get("KONTOR_TEST_REAL") else ["test_stripe_mock.py"]


@pytest.fixture(scope="session")
def stripe_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of stripe-stateful-mock, installed by its lock file into a folder that is thrown away."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    shutil.copytree(NPM, folder, dirs_exist_ok=True)
    # No package's own script is run on this machine.
    installed = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
    )
    if installed.returncode:
        pytest.skip(f"npm could not install it: {installed.stderr.strip().splitlines()[-1:]}")
    process = subprocess.Popen(
        [node, "serve.js"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        line = process.stdout.readline()
        assert "listening on" in line, line
        yield line.split()[-1]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def proxy(stripe_mock: str) -> Iterator[FaultProxy]:
    """A way to the server that fails as it is told to."""
    proxy = FaultProxy(stripe_mock)
    yield proxy
    proxy.close()
