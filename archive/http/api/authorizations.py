"""The programs that act for oneself, and ending that."""

from typing import Any

from litestar import Request, Response, delete, get
from litestar.params import FromPath
from msgspec import Struct

from archive.http import replies
from archive.http.api.schemas import Id, Time
from archive.http.context import acting
from archive.http.describe import Described, opt
from archive.identity import consent
from archive.policy.actions import Action
from archive.ports import Authorization, Registration

AnyRequest = Request[Any, Any, Any]


class AuthorizationAnswer(Struct, frozen=True):
    """`actions`: what the program may do at most, on calls that the person may reach. `used_at` is right to a
    minute."""

    id: Id
    client_id: str
    name: str
    purpose: str | None
    actions: tuple[Action, ...]
    created_at: Time
    used_at: Time | None
    expires_at: Time


class AuthorizationPage(Struct, frozen=True):
    """`next` is always null: they come all at once."""

    items: tuple[AuthorizationAnswer, ...]
    next: str | None


@get(
    "/api/v1/authorizations",
    opt=opt(
        Described(
            summary="List the programs that act for oneself, newest first",
            group="Sessions",
            answer=AuthorizationPage,
            problems=(403,),
        )
    ),
)
async def list_authorizations(request: AnyRequest) -> Response[bytes]:
    """For whoever comes by a session: programs see none, whomever they act for."""
    found = await consent.authorizations(*acting(request))
    return replies.json(AuthorizationPage(tuple(_answer(one, program) for one, program in found), None))


@delete(
    "/api/v1/authorizations/{authorization_id:str}",
    status_code=204,
    opt=opt(
        Described(
            summary="End what a program may do for oneself",
            group="Sessions",
            status=204,
            problems=(403, 404),
        )
    ),
)
async def end_authorization(request: AnyRequest, authorization_id: FromPath[str]) -> Response[None]:
    """All its tokens end at once. 404 for another's, as for one that doesn't exist."""
    parts, caller = acting(request)
    await consent.end(parts, caller, authorization_id)
    return replies.nothing()


def _answer(one: Authorization, program: Registration) -> AuthorizationAnswer:
    return AuthorizationAnswer(
        id=one.uid,
        client_id=one.client,
        name=program.name,
        purpose=program.purpose,
        actions=tuple(sorted(one.actions & program.actions)),
        created_at=one.created_at,
        used_at=one.used_at,
        expires_at=one.expires_at,
    )


handlers = [list_authorizations, end_authorization]
