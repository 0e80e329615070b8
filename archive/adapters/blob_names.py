"""What a blob may be called. Stores refuse every other name, so that none of them reaches a path or an address."""

import re

_NAME = re.compile(r"[a-z]+/[0-9A-Za-z]+(-[0-9A-Za-z]+)*")


def checked(name: str) -> str:
    """The name itself: a kind and an id, such as `originals/0190…`. Raises ValueError: any other one is a bug."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not a blob's name.")
    return name
