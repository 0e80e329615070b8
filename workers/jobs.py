"""What a ring runs: a call's id in, one use case of the story out. Each may run twice without harm."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from arq import Retry
from arq.typing import WorkerCoroutine

from archive.calls.index import index_call, refresh
from archive.calls.leases import Again
from archive.calls.normalise import normalise
from archive.calls.transcribe import transcribe
from archive.errors import Unavailable
from archive.ports import Job, Parts

UseCase = Callable[[Parts, int], Awaitable[None]]

USE_CASES: dict[Job, UseCase] = {
    Job.NORMALISE: normalise,
    Job.TRANSCRIBE: transcribe,
    Job.INDEX: index_call,
    Job.REFRESH: refresh,
}

TRIES = 10
"""How often arq brings a ring back. After that the sweep rings: what is owed stands in the database."""


def ring(use_case: UseCase) -> WorkerCoroutine:
    """The use case as an arq job. arq takes an ordinary exception for final, so a part that is away becomes a Retry."""

    async def run(ctx: dict[str, Any], call_id: int) -> None:
        try:
            await use_case(ctx["parts"], call_id)
        except Again as again:
            raise Retry(defer=again.delay) from again
        except Unavailable as error:
            raise Retry(defer=2.0 ** min(ctx["job_try"], 6)) from error

    return cast(WorkerCoroutine, run)
