"""What several attacks are made on."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from archive.policy.actions import Role
from tests.misbehaving import Misbehaving
from tests.security.company import Companies
from tests.world import World


@pytest.fixture
async def companies(world: World, request: pytest.FixtureRequest) -> AsyncIterator[Companies]:
    """With an administrator, as there is in every archive that is set up; or `without anybody`."""
    if getattr(request, "param", "") != "without anybody":
        await world.add_person(Role.ADMINISTRATOR)
    async with AsyncExitStack() as stack:
        both = []
        for _ in range(2):
            provider = Misbehaving(lambda: world.clock().timestamp())
            provider.start()
            stack.callback(provider.stop)
            both.append(provider)
        found = Companies(world, *both)
        found.connect()
        stack.push_async_callback(found.close)
        yield found
