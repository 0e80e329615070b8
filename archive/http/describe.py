"""What a route takes and gives, said once beside its handler: for OpenAPI, for the tests, and for strict reading."""

from typing import Any

from msgspec import Struct

from archive.http.authenticate import Access

BINARY = "application/octet-stream"


class Described(Struct, frozen=True, kw_only=True):
    """`query` and `body` are structs that forbid unknown fields; `answer` is a struct, or the media types of bytes.

    `raw`: the media types of a body that is no struct. `problems`: the statuses of its own refusals, beside those that
    every route of its kind has. `refusal`: what 400 and 401 carry instead of a problem. `receipt`: what those are
    answered who may write here but not read. `accepted`: what is answered (202) where it waits for a second person."""

    summary: str
    group: str
    query: type[Struct] | None = None
    body: type[Struct] | None = None
    body_media: str = "application/json"
    raw: tuple[str, ...] = ()
    answer: type[Struct] | tuple[str, ...] | None = None
    status: int = 200
    problems: tuple[int, ...] = ()
    refusal: type[Struct] | None = None
    receipt: type[Struct] | None = None
    accepted: type[Struct] | None = None


def opt(described: Described, access: Access | None = None) -> dict[str, Any]:
    """For `opt=` of a handler."""
    return {"described": described} | ({"access": access} if access else {})
