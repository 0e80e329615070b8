"""Scripts and styles: read once, served under the fingerprint of them all, compressed, kept by browsers for good.

One fingerprint names the whole folder, so that modules import each other by relative addresses.
"""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

FRONTEND = Path(__file__).parents[3] / "frontend"
FOLDERS = ("components", "styles")
CONTENT_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


class Asset(Struct, frozen=True):
    content_type: str
    plain: bytes
    gzipped: bytes


class Assets(Struct, frozen=True):
    fingerprint: str
    files: Mapping[str, Asset]

    def address(self, name: str) -> str:
        """Raises KeyError for a file that isn't there: a template must not link to nothing."""
        if name not in self.files:
            raise KeyError(name)
        return f"/assets/{self.fingerprint}/{name}"


@cache
def assets() -> Assets:
    paths = sorted(
        path for folder in FOLDERS for path in (FRONTEND / folder).iterdir() if path.suffix in CONTENT_TYPES
    )
    files = {path.relative_to(FRONTEND).as_posix(): _read(path) for path in paths}
    digest = hashlib.sha256()
    for name, asset in files.items():
        digest.update(f"{name}\0{len(asset.plain)}\0".encode() + asset.plain)
    return Assets(digest.hexdigest()[:16], files)


def _read(path: Path) -> Asset:
    data = path.read_bytes()
    return Asset(CONTENT_TYPES[path.suffix], data, gzip.compress(data, 9, mtime=0))
