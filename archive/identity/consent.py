"""A person lets a program act for them, and sees and ends what they let it do."""

from authlib.common.urls import add_params_to_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749 import OAuth2Error  # type: ignore[import-untyped]
from msgspec import Struct

from archive.audit.event import EventType
from archive.calls.caller import Caller
from archive.errors import Forbidden, Malformed, NotFound
from archive.identity.codes import ABSOLUTE, CODE_LIFETIME, Allowed
from archive.identity.oauth import Answer, Asked, Server
from archive.identity.programs import Client, find_program, names
from archive.identity.secrets import hashed
from archive.identity.tokens import about, actions_of
from archive.policy.actions import Action
from archive.policy.principal import PrincipalKind
from archive.ports import Authorization, Parts, Registration, Work


class Asking(Struct, frozen=True):
    """What a program asks of a person: `actions` that they may do, and `lacking` that they may not, nor so it."""

    program: Registration
    actions: frozenset[Action]
    lacking: frozenset[Action]
    redirect_uri: str


class Refused(Malformed):
    """The program that sent you here asked in a way that can't be answered. Tell those who run it."""

    code = "wrong_request"


class SentBack(Malformed):
    """The program asked for what it can't have; it is told so at `address`."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


async def look(parts: Parts, caller: Caller, asked: Asked, issuer: str) -> Asking:
    """What `GET /oauth/authorize` asks for (RFC 6749, 4.1.1; RFC 7636). Changes nothing.

    Raises `SentBack`, or `Refused` where nobody can be told: the program or the address is unknown."""
    check_in_person(caller)
    async with parts.database.read() as work:
        return await _asking(work, caller, await _server(work, asked), asked, issuer)


async def allow(parts: Parts, caller: Caller, asked: Asked, issuer: str) -> str:
    """Where to send the person now, with a code that the program turns into tokens. Raises as `look`."""
    check_in_person(caller)
    async with parts.database.write() as work:
        server = await _server(work, asked)
        asking = await _asking(work, caller, server, asked, issuer)
        if not asking.actions:
            return _refusal(asked, asking, issuer)
        grant = server.get_consent_grant(asked, caller.principal)
        answer = server.create_authorization_response(grant.request, caller.principal, grant)
        if server.allowed:
            await _keep(work, caller, asking, server.allowed)
        return _signed(answer, issuer)


async def refuse(parts: Parts, caller: Caller, asked: Asked, issuer: str) -> str:
    """Where to send the person, who doesn't want it."""
    return _refusal(asked, await look(parts, caller, asked, issuer), issuer)


async def authorizations(parts: Parts, caller: Caller) -> list[tuple[Authorization, Registration]]:
    """The programs that act for the caller, the last one first."""
    check_in_person(caller)
    async with parts.database.read() as work:
        found = [
            (one, await find_program(work, one.client))
            for one in await work.authorizations.of(caller.principal.id)
        ]
    return [(one, program) for one, program in found if program and program.disabled_at is None]


async def end(parts: Parts, caller: Caller, uid: str) -> None:
    """The program is out with its next request. Raises `NotFound` for another's, as for none."""
    check_in_person(caller)
    async with parts.database.write() as work:
        found = await work.authorizations.get(uid)
        program = await find_program(work, found.client) if found else None
        own = found is not None and found.principal_id == caller.principal.id
        if program is None or not own or not await work.authorizations.end(uid):
            raise NotFound
        details = {"authorization": uid}
        await work.audit.append(
            about(EventType.TOKEN_REVOKED, caller.principal, program, caller.origin, details)
        )


def check_in_person(caller: Caller) -> None:
    """Raises `Forbidden` for programs, those that act for a person included: they don't let others in, or out."""
    if caller.principal.kind is not PrincipalKind.PERSON or caller.origin.session is None:
        raise Forbidden("Only a person who signed in may do that.")


async def _server(work: Work, asked: Asked) -> Server:
    program = await find_program(work, asked.form.get("client_id", ""))
    return Server(Client(program, (), frozenset()) if program else None)


async def _asking(work: Work, caller: Caller, server: Server, asked: Asked, issuer: str) -> Asking:
    try:
        grant = server.get_consent_grant(asked, caller.principal)
    except OAuth2Error as error:
        if error.redirect_uri:
            raise SentBack(_signed(server.handle_error_response(None, error), issuer)) from error
        raise Refused from error
    wanted = frozenset(Action(name) for name in names(grant.request.scope))
    actions = wanted & actions_of(caller.principal, await work.now())
    return Asking(grant.request.client.program, actions, wanted - actions, grant.redirect_uri)


async def _keep(work: Work, caller: Caller, asking: Asking, allowed: Allowed) -> None:
    person, program = caller.principal, asking.program
    kept = await work.authorizations.add(person.id, program.client_id, asking.actions, ABSOLUTE)
    until = kept.created_at + CODE_LIFETIME
    await work.authorizations.add_code(
        hashed(allowed.code), kept.id, allowed.redirect_uri, allowed.challenge, until
    )
    details = {"authorization": kept.uid, "actions": sorted(action.value for action in kept.actions)}
    await work.audit.append(about(EventType.PROGRAM_ALLOWED, person, program, caller.origin, details))


def _refusal(asked: Asked, asking: Asking, issuer: str) -> str:
    """RFC 6749, 4.1.2.1."""
    state = asked.form.get("state")
    given = [("error", "access_denied"), *((("state", state),) if state else ())]
    return str(add_params_to_uri(asking.redirect_uri, [*given, ("iss", issuer)]))


def _signed(answer: Answer, issuer: str) -> str:
    """The address of an authorization response, with who gave it (RFC 9207)."""
    return str(add_params_to_uri(answer.headers["Location"], [("iss", issuer)]))
