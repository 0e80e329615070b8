"""The parameters by which calls are narrowed, shared by lists and search."""

from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from typing import Annotated

from msgspec import Meta, Struct

from archive.calls.call import Direction, Kind
from archive.calls.filters import CallFilter
from archive.calls.query import MIN_SUFFIX, significant
from archive.errors import Malformed
from archive.http.api.schemas import Time
from archive.ports import Parts

Text = Annotated[str, Meta(max_length=200)]
MOST_SECONDS = 7 * 24 * 3600
Limit = Annotated[int, Meta(ge=1, le=200)]
NO_ID = 0
"""Ids count from 1: a name that stands for nothing narrows to nothing, as does one outside the caller's scope."""


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cursor`: the `next` of the page before."""

    cursor: Annotated[str, Meta(max_length=500)] | None = None
    limit: Limit = 50


class Narrowing(
    Page, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}
):
    """Names or ids; within one parameter any value will do, all parameters must hold. `to` is exclusive."""

    partner: tuple[Text, ...] = ()
    client: tuple[Text, ...] = ()
    agent: tuple[Text, ...] = ()
    team: tuple[Text, ...] = ()
    kind: tuple[Kind, ...] = ()
    direction: tuple[Direction, ...] = ()
    label: tuple[Text, ...] = ()
    since: Time | None = None
    until: Time | None = None
    min_seconds: Annotated[float, Meta(ge=0, le=MOST_SECONDS)] | None = None
    max_seconds: Annotated[float, Meta(ge=0, le=MOST_SECONDS)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None


async def narrowed(parts: Parts, asked: Narrowing) -> CallFilter:
    """The same with the database's ids. Raises `Malformed` for a number too short."""
    async with parts.database.read() as work:
        names = work.names
        return CallFilter(
            partners=await _ids(asked.partner, names.partner_ids),
            clients=await _ids(asked.client, names.client_ids),
            agents=await _ids(asked.agent, names.agent_ids),
            teams=await _ids(asked.team, names.team_ids),
            kinds=frozenset(asked.kind),
            directions=frozenset(asked.direction),
            labels=frozenset(asked.label),
            since=asked.since,
            until=asked.until,
            min_seconds=asked.min_seconds,
            max_seconds=asked.max_seconds,
            phone=phone_ending(asked.phone),
        )


async def _ids(names: Iterable[str], find: Callable[[str], Awaitable[list[int]]]) -> frozenset[int]:
    found = [await find(name) or [NO_ID] for name in names]
    return frozenset(chain.from_iterable(found))


def phone_ending(phone: str | None) -> str | None:
    """The digits by which a number is looked for. Raises `Malformed` where they are too few."""
    if phone is None:
        return None
    digits = significant(phone)
    if len(digits) < MIN_SUFFIX:
        raise Malformed(f"phone takes the last {MIN_SUFFIX} digits or more.", field="phone")
    return digits
