"""S34: what the product runs on may be used by everybody who runs the product; a new package is looked at once."""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
ACCEPTED = re.compile(
    r"\b(MIT|BSD|Apache|PSF|Python Software Foundation|ISC|MPL|Mozilla Public License)", re.IGNORECASE
)
# Used as a library that is installed beside us and that anybody can exchange: what the LGPL asks for.
LOOKED_AT = {"psycopg": "LGPL-3.0-only", "psycopg-binary": "LGPL-3.0-only"}


def locked() -> list[str]:
    return re.findall(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==", LOCK.read_text(encoding="utf-8"), re.MULTILINE)


def licence_of(package: str) -> str | None:
    """As the package says it, in whichever of its fields; None for one that this platform does not install."""
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return None
    classifiers = [each for each in told.get_all("Classifier") or [] if each.startswith("License ::")]
    first_line = (told.get("License") or "").partition("\n")[0]
    return " ".join(filter(None, [told.get("License-Expression"), first_line, *classifiers]))


@pytest.mark.parametrize("package", locked())
def test_a_package_when_locked_then_its_licence_is_one_that_we_accept(package: str) -> None:
    licence = licence_of(package)
    if licence is None:
        pytest.skip("Only for other platforms.")
    if package in LOOKED_AT:
        assert licence == LOOKED_AT[package]
    else:
        assert ACCEPTED.search(licence), f"{package}: {licence!r}"
        assert "GPL" not in licence
