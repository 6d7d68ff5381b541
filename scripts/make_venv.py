"""Makes a virtual environment from a lock file, or does nothing when it is up to date.

    python3 scripts/make_venv.py .venv requirements.lock

Every file is checked against the lock's hashes. Needs Python 3.11+ and nothing else; where Debian's Python comes
without its `venv` parts, an installed pip or uv does the work.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = """#!{python}
import sys

sys.path.insert(0, {root!r})
from webapp.cli import main

main(prog_name="kontor")
"""


def main(venv: Path, lock: Path) -> None:
    venv.parent.mkdir(parents=True, exist_ok=True)
    with venv.with_name(venv.name + ".lock").open("w") as guard:
        # Two `make` at once: the second waits and finds the work done.
        fcntl.flock(guard, fcntl.LOCK_EX)
        stamp = venv / "made-from"
        wanted = _identity(lock)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        print(f"Making {venv.name} from {lock.name}; this takes a minute, once.", file=sys.stderr, flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        _install(venv, lock)
        _write_launcher(venv)
        stamp.write_text(wanted)


def _identity(lock: Path) -> str:
    """Changes with the lock, with the Python below, and when the folder is moved (scripts hold its path)."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return f"{digest} {sys.version.split()[0]} {sys.base_prefix} {ROOT}"


def _install(venv: Path, lock: Path) -> None:
    options = ["--no-deps", "--require-hashes", "-r", str(lock)]
    python = str(venv / "bin" / "python")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    if _run([sys.executable, "-m", "venv", str(venv)], may_fail=True):
        _run([python, "-m", "pip", "install", *quiet, *options])
    elif importlib.util.find_spec("pip"):
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)])
        _run([sys.executable, "-m", "pip", "--python", python, "install", *quiet, *options])
    elif uv := shutil.which("uv"):
        _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv)])
        _run([uv, "pip", "install", "--quiet", "--python", python, *options])
    else:
        sys.exit(
            "This Python comes without venv and pip: install them (Debian: apt-get install python3-venv) or uv."
        )


def _run(command: list[str], *, may_fail: bool = False) -> bool:
    """Whether it went well; unless it may fail, a failure ends us with its own words."""
    environment = {**os.environ, "PYTHONNOUSERSITE": "1"}
    done = subprocess.run(command, env=environment, check=False, capture_output=may_fail)
    if done.returncode and not may_fail:
        sys.exit(f"`{' '.join(command[:4])} …` failed; its reason is above.")
    return done.returncode == 0


def _write_launcher(venv: Path) -> None:
    launcher = venv / "bin" / "kontor"
    launcher.write_text(LAUNCHER.format(python=venv.absolute() / "bin" / "python", root=str(ROOT)))
    launcher.chmod(0o755)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]))
