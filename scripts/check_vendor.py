"""Prove that every file under webapp/static/vendor is what its manifest says; exit status 1 and one line per difference if not."""

import base64
import hashlib
import json
import sys
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "webapp" / "static" / "vendor"
FIELDS = {"file", "package", "version", "source", "sha512", "licence"}


def differences(vendor: Path = VENDOR) -> list[str]:
    """One sentence per file that is missing, changed, undeclared, or declared without its licence."""
    entries = json.loads((vendor / "manifest.json").read_text(encoding="utf-8"))["files"]
    declared = {entry["file"] for entry in entries} | {"manifest.json"}
    found = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()}
    undeclared = sorted(name for name in found - declared if not name.startswith("licences/"))
    return [f"{name}: not in the manifest" for name in undeclared] + [
        problem for entry in entries for problem in _check(vendor, entry)
    ]


def _check(vendor: Path, entry: dict[str, str]) -> list[str]:
    if set(entry) != FIELDS or not all(entry.values()):
        return [f"{entry.get('file', '?')}: the manifest must give {', '.join(sorted(FIELDS))}"]
    path = vendor / entry["file"]
    if not path.is_file():
        return [f"{entry['file']}: missing"]
    digest = "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return (
        [] if digest == entry["sha512"] else [f"{entry['file']}: its content is not what the manifest says"]
    )


if __name__ == "__main__":
    problems = differences()
    sys.stdout.write("".join(f"{line}\n" for line in problems))
    sys.exit(1 if problems else 0)
