"""Fetch the front end's third-party files again and write webapp/static/vendor/manifest.json.

Only for changing a version: `python scripts/vendor.py` needs npm, the product itself never does.
The committed files are what runs; scripts/check_vendor.py proves that they are what the manifest says.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "webapp" / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """One npm package and which of its files become which of ours."""

    name: str
    version: str
    licence: str
    files: dict[str, str]
    licence_file: str = "LICENSE"


PACKAGES = (
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "htmx.min.js"}),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        },
    ),
    # For the page of the API alone (webapp/api/docs.py).
    Package(
        "swagger-ui-dist",
        "5.35.0",
        "Apache-2.0",
        {"swagger-ui-bundle.js": "swagger-ui-bundle.js", "swagger-ui.css": "swagger-ui.css"},
    ),
)
ICON_PACKAGE = Package("@tabler/icons", "3.51.0", "MIT", {})
# Alphabetical. Each costs about 150 bytes on the wire; add a name here and run the script.
# fmt: off
ICONS = (
    "adjustments-horizontal", "alert-triangle", "api", "arrow-back-up", "arrow-down", "arrow-left",
    "arrow-right", "arrow-up", "bell", "bookmark", "building-store", "calendar", "chart-bar", "check",
    "chevron-down", "chevron-right", "circle-check", "circle-x", "clock", "cloud-download", "columns-3",
    "copy", "credit-card", "database", "dots", "download", "external-link", "eye", "filter", "history",
    "home", "info-circle", "key", "keyboard", "language", "link", "list-check", "lock", "logout", "map-pin",
    "menu-2", "minus", "moon", "note", "notes", "package", "pencil", "phone", "player-play", "player-stop",
    "plug", "plus", "printer", "receipt-refund", "refresh", "search", "settings", "shield-check",
    "shopping-cart", "sun", "tag", "tags", "trash", "truck", "truck-delivery", "upload", "user",
    "user-circle", "users", "world", "x",
)
# fmt: on


def main() -> None:
    """Download, unpack, copy, build the sprite, write the manifest."""
    (VENDOR / "licences").mkdir(parents=True, exist_ok=True)
    entries: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            unpacked = _unpack(package, Path(folder))
            entries += [_copy(package, unpacked, source, target) for source, target in package.files.items()]
        entries.append(_sprite(_unpack(ICON_PACKAGE, Path(folder))))
    manifest = json.dumps({"files": sorted(entries, key=lambda e: str(e["file"]))}, indent=1)
    (VENDOR / "manifest.json").write_text(manifest + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(entries)} files written to {VENDOR}\n")


def sri(content: bytes) -> str:
    """The file's SHA-512 in the form that browsers and npm write."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def _unpack(package: Package, folder: Path) -> Path:
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    target = folder / re.sub(r"\W", "-", package.name)
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        archive.extractall(target, filter="data")
    licence = (target / "package" / package.licence_file).read_text(encoding="utf-8")
    (VENDOR / "licences" / f"{target.name.strip('-')}.txt").write_text(licence, encoding="utf-8")
    return target / "package"


def _copy(package: Package, unpacked: Path, source: str, target: str) -> dict[str, object]:
    content = (unpacked / source).read_bytes()
    (VENDOR / target).write_bytes(content)
    return _entry(package, target, source, content)


def _entry(package: Package, target: str, source: str, content: bytes) -> dict[str, object]:
    return {
        "file": target,
        "package": package.name,
        "version": package.version,
        "source": source,
        "sha512": sri(content),
        "licence": package.licence,
    }


def _sprite(unpacked: Path) -> dict[str, object]:
    symbols = [_symbol(name, (unpacked / "icons" / "outline" / f"{name}.svg").read_text()) for name in ICONS]
    content = ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()
    (VENDOR / "icons.svg").write_bytes(content)
    return _entry(ICON_PACKAGE, "icons.svg", "icons/outline/*.svg: " + " ".join(ICONS), content)


def _symbol(name: str, svg: str) -> str:
    body = re.sub(r"\s+", " ", svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]).strip()
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24">{body.replace(" />", "/>").replace("> <", "><")}</symbol>'
    )


if __name__ == "__main__":
    main()
