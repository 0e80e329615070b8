"""Changes that wait, as the second person is shown them, on both databases."""

import pytest

from archive.calls.caller import Caller
from archive.identity import changes, grants, naming
from archive.identity.described import Described, all_described
from archive.identity.formerly import Former
from archive.identity.grants import Giving
from archive.policy.actions import Action, Role
from archive.ports import NameKind, PendingChange
from tests.story import Story

pytestmark = pytest.mark.anyio

HEAR = frozenset({Action.FIND, Action.LISTEN})


async def ask(story: Story, by: Caller, scope: str) -> PendingChange:
    gains = await story.caller({Action.UPLOAD})
    giving = Giving(scope=scope, actions=HEAR, reason="Cover")
    asked = await grants.give(story.parts, by, gains.principal.uid, giving)
    assert isinstance(asked, PendingChange)
    return asked


async def shown(story: Story, caller: Caller) -> list[Described]:
    waiting = await changes.waiting(story.parts, caller)
    async with story.parts.database.read() as work:
        return await all_described(work, caller, waiting)


async def cost(story: Story, caller: Caller, statements: list[str]) -> int:
    statements.clear()
    assert all(one.scope for one in await shown(story, caller))
    return len(statements)


async def test_a_place_that_was_renamed_lately_shows_its_former_names_and_its_calls(story: Story) -> None:
    admin, boss = await story.caller(Role.ADMINISTRATOR), await story.caller(Role.COMPLIANCE)
    call = await story.ready("Brackwater")
    assert call.partner is not None
    await ask(story, admin, "partner:Brackwater")
    (plain,) = await shown(story, boss)
    assert (plain.scope, plain.calls, plain.formerly) == ("partner:Brackwater", 1, ())
    decoy, renamed = "Northwind test data", story.clock()
    await naming.rename(story.parts, admin, NameKind.PARTNER, call.partner.uid, decoy)
    (deceiving,) = await shown(story, boss)
    assert deceiving.formerly == (Former(decoy, "Brackwater", renamed),)
    later = story.clock.forward(days=1)
    await naming.rename(story.parts, admin, NameKind.PARTNER, call.partner.uid, "Brackwater")
    (back,) = await shown(story, boss)
    assert back.formerly == (Former("Brackwater", decoy, later),)
    story.clock.forward(days=31)
    boss = await story.again(boss)
    asked = await ask(story, admin, "partner:Brackwater")
    (again,) = [one for one in await shown(story, boss) if one.pending.uid == asked.uid]
    assert (again.calls, again.formerly) == (1, ())


async def test_a_list_of_changes_asks_as_little_as_one(story: Story, statements: list[str]) -> None:
    first, second = [await story.caller(Role.ADMINISTRATOR) for _ in range(2)]
    for _ in range(3):
        boss = await story.caller(Role.COMPLIANCE)
    places = [await story.ready(name, external_id=name) for name in ("Northwind", "Contoso", "Fabrikam")]
    assert all(places)
    await ask(story, first, "partner:Northwind")
    lookers = (boss, second)
    one = [await cost(story, looker, statements) for looker in lookers]
    for scope in ("partner:Northwind", "partner:Contoso", "partner:Fabrikam", "all"):
        await ask(story, first, scope)
    assert [await cost(story, looker, statements) for looker in lookers] == one
    assert max(one) < 25
