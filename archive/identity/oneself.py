"""Nobody raises themselves: not directly, not through a group that they are in or that their sign-in puts them in."""

from archive.calls.caller import Caller
from archive.errors import Forbidden
from archive.policy.principal import Principal
from archive.ports import Claim, Work


class OnesOwn(Forbidden):
    """Nobody gives anything to themselves, nor to a group of theirs."""


async def check_other(work: Work, caller: Caller, uid: str, claim: Claim | None = None) -> None:
    """Raises `OnesOwn` where the caller would gain from what `uid`, a person, a program or a group, is given."""
    if await gains(work, caller.principal, uid, claim):
        raise OnesOwn


async def gains(work: Work, who: Principal, uid: str | None, claim: Claim | None = None) -> bool:
    """Whether what `uid` is given comes to `who`: it is them, or a group that they are in or would be in after their
    next sign-in. `claim` is one about to be mapped to the group."""
    if uid is None or uid == who.uid:
        return uid is not None
    group = await work.groups.get(uid)
    if group is None:
        return False
    claims = (*group.claims, *((claim,) if claim else ()))
    belongs = any(one.uid == uid for one in await work.groups.of(who.id))
    return belongs or any([await work.groups.carries(who.id, one) for one in claims])
