"""`Idempotency-Key` on creations: sent again, the same request is answered as before, and nothing is made twice.

What becomes of a request is known once it was answered or refused. A refusal made nothing, so the key is free again;
after a fault of ours nobody can say, and the key stays taken rather than make a second one.

An answer is kept longer than a right may last. Whoever sends a request again is asked first what its use case asks
first: one who may not do it any more, or whose token is narrower now, is refused, and logged, as anybody else.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar, cast

from litestar import Request, Response

from archive.errors import ArchiveError, Conflict, Invalid, Malformed
from archive.http.context import acting
from archive.http.problems import status_of
from archive.http.replies import PRIVATE
from archive.identity.managing import check_manager
from archive.identity.secrets import holds_secret
from archive.ports import Answers, KeptAnswer, Parts

AnyRequest = Request[Any, Any, Any]
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Response[bytes]]])
Check = Callable[[AnyRequest], Awaitable[None]]

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEY = re.compile(r"[ -~]{1,255}")


class KeyReused(Invalid):
    """This Idempotency-Key came with another request. Take a new one for each thing that you create."""

    code = "idempotency_key_reused"


class UnderWay(Conflict):
    """The first request with this Idempotency-Key is under way, or was cut short. Look whether what you asked for is
    there before you ask with another key."""

    code = "idempotency_under_way"


class ShownOnce(Conflict):
    """That was done, and its answer held a secret, which is shown once and not kept. Make a new one if it is lost."""

    code = "secret_shown_once"


async def by_manager(request: AnyRequest) -> None:
    """The check of whatever is for those who manage people."""
    await check_manager(*acting(request))


def once(check: Check) -> Callable[[Handler], Handler]:
    """For a handler that creates something from a body of JSON, and answers JSON. `check` raises, as its use case
    does, for whoever may not ask for that now."""

    def of(handler: Handler) -> Handler:
        @wraps(handler)
        async def answered(request: AnyRequest, **given: Any) -> Response[bytes]:
            key = _key(request.headers.get(HEADER))
            if key is None:
                return await handler(request, **given)
            return await _once(request, key, check, lambda: handler(request, **given))

        vars(answered)["once"] = True
        return cast(Handler, answered)

    return of


def is_once(handler: Callable[..., Any]) -> bool:
    return "once" in vars(handler)


def _key(given: str | None) -> str | None:
    if given is not None and not KEY.fullmatch(given):
        raise Malformed("A key has 1 to 255 printable characters of ASCII.", field=HEADER)
    return given


async def _once(
    request: AnyRequest, key: str, check: Check, do: Callable[[], Awaitable[Response[bytes]]]
) -> Response[bytes]:
    parts, caller = acting(request)
    asked = await _fingerprint(request, caller.origin.client)
    async with parts.database.write() as work:
        kept = await work.answers.begin(caller.principal.id, key, asked)
    if kept is not None:
        await check(request)
        return _again(kept, asked)
    answer = await _first(parts, do, lambda answers: answers.forget(caller.principal.id, key))
    async with parts.database.write() as work:
        await work.answers.finish(caller.principal.id, key, _kept(asked, answer))
    return answer


async def _first(
    parts: Parts, do: Callable[[], Awaitable[Response[bytes]]], forget: Callable[[Answers], Awaitable[None]]
) -> Response[bytes]:
    try:
        return await do()
    except ArchiveError as error:
        if status_of(error) < 500:
            async with parts.database.write() as work:
                await forget(work.answers)
        raise


async def _fingerprint(request: AnyRequest, program: str | None) -> bytes:
    """What makes two requests the same; a program that acts for a person is told no answer to another one."""
    said = (request.method, request.url.path, request.url.query, program or "")
    return hashlib.sha256("\0".join(said).encode() + b"\0" + await request.body()).digest()


def _again(kept: KeptAnswer, asked: bytes) -> Response[bytes]:
    if kept.request != asked:
        raise KeyReused
    if kept.status is None:
        raise UnderWay
    if kept.body is None:
        raise ShownOnce
    headers = {**PRIVATE, **kept.headers, REPLAYED: "true"}
    return Response(kept.body, status_code=kept.status, media_type="application/json", headers=headers)


def _kept(asked: bytes, answer: Response[bytes]) -> KeptAnswer:
    body = None if holds_secret(answer.content) else answer.content
    headers = {name: value for name, value in answer.headers.items() if name in {"ETag", "Location"}}
    return KeptAnswer(request=asked, status=answer.status_code, headers=headers, body=body)
