"""A unit of work that only reads, and asks each question once: for lists whose items ask much the same."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator
from datetime import datetime
from typing import Any, cast

from archive.ports import AddMember, GiveGrant, GrantFilter, MapClaim, PendingChange, ProlongGrant, Work


async def once(work: Work, pending: Collection[PendingChange]) -> Work:
    """`work`, for reading alone. It knows whom and which grants the changes name: asked for all of them together."""
    kept = _Once(work, await work.now())
    await _know_grants(kept, work, pending)
    await _know_named(kept, work, pending)
    return cast(Work, kept)


class _Kept:
    """A repository whose answers are kept, by method and arguments."""

    def __init__(self, of: object) -> None:
        self._of = of
        self._answers: dict[tuple[str, Hashable], Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._of, name)

        async def ask(*of: Any) -> Any:
            if not all(isinstance(one, Hashable) for one in of):
                return await method(*of)
            if (name, of) not in self._answers:
                self._answers[name, of] = await method(*of)
            return self._answers[name, of]

        return ask

    def keep(self, method: str, of: Hashable, answer: object) -> None:
        self._answers[method, (of,)] = answer


class _Once:
    def __init__(self, work: Work, now: datetime) -> None:
        self._work, self._now = work, now
        self.principals, self.groups = _Kept(work.principals), _Kept(work.groups)
        self.changes, self.names = _Kept(work.changes), _Kept(work.names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    async def now(self) -> datetime:
        return self._now


async def _know_grants(kept: _Once, work: Work, pending: Collection[PendingChange]) -> None:
    uids = frozenset(one.change.grant for one in pending if isinstance(one.change, ProlongGrant))
    given = await work.principals.grants(GrantFilter(uids=uids), 0, len(uids)) if uids else []
    found = {grant.uid: (who, grant) for who, grant in given}
    for uid in uids:
        kept.principals.keep("grant", uid, found.get(uid))
        if uid in found:
            kept.principals.keep("get", found[uid][0].uid, found[uid][0])


async def _know_named(kept: _Once, work: Work, pending: Collection[PendingChange]) -> None:
    uids = {uid for one in pending for uid in _named(one) if uid}
    people = {one.uid: one for one in await work.principals.by_uids(uids)}
    groups = {one.uid: one for one in await work.groups.by_uids(uids)}
    for uid in uids:
        kept.principals.keep("get", uid, people.get(uid))
        kept.groups.keep("get", uid, groups.get(uid))


def _named(pending: PendingChange) -> Iterator[str | None]:
    """Public ids of people, programs and groups."""
    yield pending.beneficiary
    yield pending.decided_by
    match pending.change:
        case GiveGrant(to=to):
            yield to
        case AddMember(group, member):
            yield from (group, member)
        case MapClaim(group):
            yield group
