"""UUIDv7 (RFC 9562, 5.7): what every object is called outside. Python's own comes with 3.14."""

import os
import re
import time

_SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def uuid7() -> str:
    """48 bits of Unix milliseconds, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def find_uuid7(text: str) -> str | None:
    """The first that stands in a text."""
    found = _SHAPE.search(text)
    return found[0] if found else None


def is_uuid7(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None
