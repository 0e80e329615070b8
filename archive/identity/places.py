"""Scopes in words, as the console and the lists write them: `all`, `partner:NAME,NAME`, `team:NAME,NAME`, `own`."""

from collections.abc import Awaitable, Callable

from archive.calls.call import Named
from archive.errors import Invalid
from archive.policy.scope import AllCalls, Client, OwnCalls, Partner, Scope, Team, Union, Unsealed
from archive.ports import Work

SYNTAX = "all, partner:NAME[,NAME], team:NAME[,NAME] or own"


async def parse_scope(work: Work, text: str) -> Scope:
    """The scope that `text` describes. Raises `Invalid` for an unknown name: never a wider scope, never none."""
    kind, colon, names = text.strip().partition(":")
    match kind, colon:
        case "all", "":
            return AllCalls()
        case "own", "":
            return OwnCalls(frozenset())  # its agents are filled in whenever the grant is read
        case "partner", ":":
            return Partner(await _ids("partner", names, work.names.partner))
        case "team", ":":
            return Team(await _ids("team", names, work.names.team))
        case _:
            raise Invalid(f"A scope is {SYNTAX}.", field="scope")


async def describe(work: Work, scope: Scope) -> str:
    """The same in reverse, for showing a grant."""
    match scope:
        case AllCalls():
            return "all"
        case OwnCalls():
            return "own"
        case Partner(ids):
            return "partner:" + _joined(await work.names.partners(ids))
        case Team(ids):
            return "team:" + _joined(await work.names.teams(ids))
        case Client(ids):
            return "client:" + _joined(await work.names.clients(ids))
        case Unsealed(inner):
            return await describe(work, inner)
        case Union(parts):
            return " ".join([await describe(work, part) for part in parts])
        case _:
            return "calls"


def _joined(named: list[Named]) -> str:
    return ",".join(sorted(one.name for one in named))


async def _ids(kind: str, names: str, find: Callable[[str], Awaitable[Named | None]]) -> frozenset[int]:
    """Of all names as one, if there is such a name: one may hold commas. Else of each."""
    if whole := await find(names):
        return frozenset({whole.id})
    found = set()
    for name in filter(None, map(str.strip, names.split(","))):
        known = await find(name)
        if known is None:
            raise Invalid(f"There is no {kind} {name}.", field="scope")
        found.add(known.id)
    if not found:
        raise Invalid(f"Name at least one {kind}.", field="scope")
    return frozenset(found)
