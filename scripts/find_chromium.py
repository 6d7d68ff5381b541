"""Prints the path of a Chromium for the browser tests; prints nothing where none can be had.

In this order: KONTOR_CHROMIUM, the PATH, Playwright's own, and with --install: Debian's package (as root), then
Playwright's download.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
INSTALL_S = 600


def find_chromium(*, install: bool = False) -> str | None:
    """The path of a Chromium that starts. Raises FileNotFoundError when KONTOR_CHROMIUM names none."""
    named = os.environ.get("KONTOR_CHROMIUM", "").strip()
    if named:
        if not _starts(named):
            raise FileNotFoundError(f"KONTOR_CHROMIUM is {named!r}, which is no Chromium that starts.")
        return named
    found = _installed()
    if found is None and install:
        _install()
        found = _installed()
    return found


def _installed() -> str | None:
    candidates = [shutil.which(name) for name in NAMES] + [str(MACOS), _playwrights_own()]
    return next((path for path in candidates if path and _starts(path)), None)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with contextlib.suppress(Exception), sync_playwright() as playwright:
        return playwright.chromium.executable_path
    return None


def _starts(path: str) -> bool:
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, check=False, timeout=30).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def _install() -> None:
    """Both ways may fail (no network, no rights); then there is none, and the tests say so."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _try(["apt-get", "update", "-qq"], environment)
        _try(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], environment)
    if _installed() is None:
        _try([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _try(command: list[str], environment: dict[str, str]) -> None:
    print(f"Chromium: {' '.join(command)}", file=sys.stderr, flush=True)
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL, timeout=INSTALL_S)


if __name__ == "__main__":
    try:
        print(find_chromium(install="--install" in sys.argv[1:]) or "")
    except FileNotFoundError as error:
        sys.exit(str(error))
