"""ETags of what counts no revisions (RFC 9110, 8.8.3): made from all of it that can change."""

import hashlib

import msgspec


def strong_etag(*told: object) -> str:
    content = msgspec.json.encode(told, order="sorted")
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'
