"""Scopes in words, as the console and the lists write them: see `SYNTAX`."""

from collections.abc import Awaitable, Callable, Sequence

from archive.calls.call import Named
from archive.errors import Invalid
from archive.ids import is_uuid7
from archive.policy.scope import (
    AllCalls,
    CallIds,
    Client,
    Intersection,
    Nothing,
    OwnCalls,
    Partner,
    Scope,
    Team,
    Union,
    Unsealed,
)
from archive.ports import Work

SYNTAX = "all, partner:NAME[,NAME], team:NAME[,NAME], client:NAME[,NAME], call:ID[,ID] or own"

Find = Callable[[str], Awaitable[Sequence[int]]]


async def parse_scope(work: Work, text: str) -> Scope:
    """The scope that `text` describes; names may be ids. Raises `Invalid` for an unknown one: never a wider scope,
    never none."""
    kind, colon, names = text.strip().partition(":")
    match kind, colon:
        case "all", "":
            return AllCalls()
        case "own", "":
            return OwnCalls(frozenset())  # its agents are filled in whenever the grant is read
        case "partner", ":":
            return Partner(await _ids("partner", names, work.names.partner_ids))
        case "team", ":":
            return Team(await _ids("team", names, work.names.team_ids))
        case "client", ":":
            return Client(await _ids("client", names, work.names.client_ids))
        case "call", ":":
            return CallIds(await _ids("call", names, _call(work)))
        case _:
            raise Invalid(f"A scope is {SYNTAX}.", field="scope")


async def describe(work: Work, scope: Scope) -> str:
    """The same in reverse, for showing a grant."""
    match scope:
        case AllCalls():
            return "all"
        case Nothing():
            return "none"
        case OwnCalls():
            return "own"
        case Partner() | Team() | Client() | CallIds():
            return await _described(work, scope)
        case Unsealed(inner):
            return await describe(work, inner)
        case Union(parts):
            return " ".join([await describe(work, part) for part in parts])
        case Intersection(parts):
            return " and ".join([await describe(work, part) for part in parts])


async def _described(work: Work, scope: Partner | Team | Client | CallIds) -> str:
    match scope:
        case Partner(ids):
            return "partner:" + _joined(await work.names.partners(ids))
        case Team(ids):
            return "team:" + _joined(await work.names.teams(ids))
        case Client(ids):
            return "client:" + _joined(await work.names.clients(ids))
        case CallIds(ids):
            calls = await work.calls.select(ids, AllCalls())  # their ids alone are told
            return "call:" + ",".join(sorted(call.uid for call in calls.values()))


def _joined(named: list[Named]) -> str:
    return ",".join(sorted({one.name for one in named}))


def _call(work: Work) -> Find:
    async def find(uid: str) -> list[int]:
        call = await work.calls.get(uid, AllCalls()) if is_uuid7(uid) else None
        return [call.id] if call else []

    return find


async def _ids(kind: str, names: str, find: Find) -> frozenset[int]:
    """Of all names as one, if there is such a name: one may hold commas. Else of each."""
    if whole := await find(names):
        return frozenset(whole)
    found: set[int] = set()
    for name in filter(None, map(str.strip, names.split(","))):
        known = await find(name)
        if not known:
            raise Invalid(f"There is no {kind} {name}.", field="scope")
        found.update(known)
    if not found:
        raise Invalid(f"Name at least one {kind}.", field="scope")
    return frozenset(found)
