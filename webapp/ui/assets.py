"""Static files under addresses that contain their content's hash, so that a browser keeps them for ever.

Stylesheets and scripts are written in small files by topic and served as one each, compressed once per process.
"""

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import NotFound

from webapp.auth.permissions import public

STATIC = Path(__file__).resolve().parent.parent / "static"

BUNDLES: dict[str, tuple[str, ...]] = {
    "app.css": tuple(
        f"css/{name}.css"
        for name in (
            "tokens",
            "base",
            "shell",
            "controls",
            "tables",
            "states",
            "details",
            "dialogs",
            "orders",
            "cancelling",
            "channels",
            "dashboard",
            "tracking",
        )
    ),
    "api-docs.css": ("css/api-docs.css",),
    "api-docs.js": ("js/api-docs.js",),
    # What is printed is black on white in every theme, so it has a stylesheet of its own.
    "print.css": ("css/print.css",),
    "print.js": ("js/print.js",),
    # Order matters: page.js defines what the others use.
    "app.js": tuple(
        f"js/{name}.js"
        for name in (
            "page",
            "exchange",
            "toasts",
            "dialogs",
            "theme",
            "menus",
            "tables",
            "keyboard",
            "orders",
            "upload",
        )
    ),
}
ONE_YEAR_S = 31_536_000  # the longest age that RFC 9111 caches honour
HASH_LENGTH = 12  # hex digits: 48 bits, enough to tell one version of a file from the next
_COMPRESSED = ("text/", "image/svg", "application/json")  # fonts are compressed already
_CSS_URL = re.compile(r'url\("([^"]+)"\)')


@dataclass(frozen=True)
class Asset:
    """One served file: its address and its bytes, plain and compressed."""

    url: str
    media_type: str
    content: bytes
    compressed: bytes | None


class Assets:
    """Every static file of the product, read once."""

    def __init__(self, prefix: str, folder: Path = STATIC) -> None:
        self._prefix = prefix
        self._folder = folder
        self._assets: dict[str, Asset] = {}
        for path in sorted([*folder.glob("*.svg"), *(folder / "vendor").glob("*.*")]):
            self._add(path.relative_to(folder).as_posix(), path.read_bytes())
        for name, parts in BUNDLES.items():
            self._add(name, self._bundle(parts))

    def url(self, name: str) -> str:
        """The address of a bundle or of a file below `static/`; raises KeyError for a name that does not exist."""
        return self._assets[name].url

    def find(self, name: str) -> Asset | None:
        """The file served under this name."""
        return self._assets.get(name)

    def _bundle(self, parts: tuple[str, ...]) -> bytes:
        text = "\n".join((self._folder / part).read_text(encoding="utf-8").strip() for part in parts) + "\n"
        return _CSS_URL.sub(lambda match: f'url("{self.url(match[1])}")', text).encode()

    def _add(self, name: str, content: bytes) -> None:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        digest = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
        compressed = _squeezed(content) if media_type.startswith(_COMPRESSED) else None
        self._assets[name] = Asset(f"{self._prefix}/{digest}/{name}", media_type, content, compressed)


# Once per process, however many applications it makes: the API's page has two megabytes.
@lru_cache(maxsize=64)
def _squeezed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def init_assets(app: Flask) -> None:
    """Serve the files below `/assets/` and give templates `asset(name)`."""
    # Some machines map .js to application/x-javascript or know no .woff2; nosniff then makes browsers refuse both.
    mimetypes.add_type("text/javascript", ".js")
    mimetypes.add_type("font/woff2", ".woff2")
    assets = Assets(prefix="/assets")
    blueprint = Blueprint("assets", __name__)

    @blueprint.get("/assets/<digest>/<path:name>")
    @public
    def file(digest: str, name: str) -> Response:
        found = assets.find(name)
        if found is None:
            raise NotFound
        # A page from before an upgrade asks for the old hash: it gets today's file, but nobody keeps it under that name.
        return _respond(found, keep=f"/{digest}/" in found.url)

    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = assets.url


def _respond(asset: Asset, *, keep: bool) -> Response:
    zipped = asset.compressed is not None and request.accept_encodings["gzip"] > 0
    body = asset.compressed if zipped and asset.compressed is not None else asset.content
    response = Response(body, mimetype=asset.media_type)
    if asset.compressed is not None:
        response.vary.add("Accept-Encoding")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR_S}, immutable" if keep else "no-store"
    return response
