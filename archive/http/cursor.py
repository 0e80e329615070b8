"""Cursors of lists: opaque text that says where a list goes on.

They grant nothing (each page asks the policy anew), so they are not secret; a check sum makes sure that one which was
cut, altered or made for another list is refused instead of showing something odd.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from archive.errors import Malformed

T = TypeVar("T")
CHECK_BYTES = 6


def encode(kind: str, mark: object) -> str:
    payload = msgspec.msgpack.encode(mark)
    return base64.urlsafe_b64encode(payload + _check(kind, payload)).rstrip(b"=").decode()


def decode(kind: str, text: str, type: type[T]) -> T:
    """Raises `Malformed`, naming the field, for anything that `encode` did not make for this kind of list."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload, check = raw[:-CHECK_BYTES], raw[-CHECK_BYTES:]
        if check == _check(kind, payload) and base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text:
            return msgspec.msgpack.decode(payload, type=type)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        pass
    raise Malformed("This cursor was not made by this list. Start again without it.", field="cursor")


def following(kind: str, found: Sequence[T], limit: int, mark: Callable[[T], object]) -> str | None:
    """The cursor after a page of `limit`; None if `found` holds no more than that. So ask for one more than shown."""
    return encode(kind, mark(found[limit - 1])) if len(found) > limit else None


def _check(kind: str, payload: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + b"\0" + payload).digest()[:CHECK_BYTES]
