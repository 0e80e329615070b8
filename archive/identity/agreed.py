"""What a second person agreed to and the first then does themselves, since its secret is shown to them alone: a link, a
client secret. Nobody's secret is kept: a mark lets whoever asked do it, once, within a day."""

from datetime import timedelta

import msgspec

from archive.identity.secrets import hashed
from archive.ports import PendingChange, ResetSignIn, RotateSecret, Work

AGREED, LIFE = "agreed", timedelta(days=1)


async def remember(work: Work, agreed: PendingChange, asked: ResetSignIn | RotateSecret, of: int) -> None:
    """Whoever asked may now do it. `of`: the id of whose link or secret it is; their other links and marks end."""
    await work.credentials.end_links(of)
    await work.credentials.add_link(_mark(agreed.asked_by, asked), AGREED, of, await work.now() + LIFE)


async def use(work: Work, by: str, asked: ResetSignIn | RotateSecret) -> bool:
    """Whether a second person agreed that `by` does this; uses it up."""
    return await work.credentials.use_link(_mark(by, asked), AGREED)


def _mark(by: str, asked: ResetSignIn | RotateSecret) -> bytes:
    return hashed(f"{AGREED}:{by}:{msgspec.json.encode(asked).decode()}")
