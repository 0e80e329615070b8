"""A person signs in at their company's provider (OpenID Connect), and comes back as somebody.

Who they are is the provider's issuer and its subject there, and nothing else: an e-mail is what a provider says of
somebody, and another provider may say it of somebody else. An identity becomes a person's in two ways: by an invitation
link, or, where the settings have it so, by the first sign-in, which makes a new person.

What one browser began only that browser finishes, once, at the provider where it began.
"""

import hmac
import logging
import secrets
from datetime import timedelta

from msgspec import Struct

from archive.audit.event import Actor, Event, EventType, Object, ObjectKind, Origin, Outcome
from archive.calls.caller import SYSTEM, Caller
from archive.errors import Conflict, Invalid, NotFound, NotSignedIn, TooMany, Unavailable
from archive.identity import authenticators, groups, links, people, sessions
from archive.identity.limits import WINDOW, Limit, count, key
from archive.identity.links import Purpose
from archive.identity.secrets import hashed
from archive.identity.typed import MAX_NAME, clean_email
from archive.policy.principal import Principal, PrincipalKind
from archive.ports import Begun, Coming, Going, NotBelieved, Parts, Provider, Said, Work

log = logging.getLogger(__name__)

LIFE = timedelta(minutes=10)
"""So long somebody may take at the provider."""

TRIES_OF_AN_ADDRESS = 600
"""In a quarter of an hour. An office shares an address, and each sign-in counts twice: going and coming back."""

NOBODY = Actor(None, PrincipalKind.PERSON.value)
LINK_MARK = "."
"""In the browser's cookie, before the secret of the link that it came by. Neither secret holds one."""

REFUSED = {
    "unknown_state": "That sign-in was finished before, or took too long. Start again.",
    "other_browser": "That sign-in was begun in another browser. Start again in this one.",
    "other_provider": "That sign-in was begun elsewhere. Start again.",
    "wrong_issuer": "The answer came from another provider. Start again.",
    "refused_by_provider": "Your company's sign-in did not let you in.",
    "wrong_token": "Your company's sign-in answered in a way that can't be trusted. Tell an administrator.",
    "not_set_up": "This archive has no people yet. The link that was printed when it was set up makes the first.",
    "not_invited": "You don't have access here yet. Ask an administrator for an invitation.",
    "no_email": "Your company's sign-in gives no verified e-mail. Tell an administrator.",
    "email_taken": "Somebody here has your e-mail already. If that is you, ask an administrator for a link.",
    "linked_to_another": "That account is another person's here.",
    "link_over": "That link was used before, or is over. Ask for a new one.",
    "needs_second_factor": "This link doesn't replace your one-time codes. Ask an administrator for one that does.",
    "disabled": "Your access here was ended.",
}
"""By reason code: what somebody reads who was refused. All of them showed that they come from the provider, or that
they don't; none of it tells of others."""


class Begin(Struct, frozen=True):
    """`cookie` is for the browser, for as long as `LIFE`."""

    address: str
    cookie: str


class Finished(Struct, frozen=True):
    """`secret` is the session's."""

    secret: str
    onward: str


class _Refused(Exception):
    """Somebody is not let in; whatever was written on the way is not."""

    def __init__(self, reason: str, person: Principal | None = None) -> None:
        super().__init__(reason)
        self.reason, self.person = reason, person


class _Coming(Struct, frozen=True, kw_only=True):
    """Somebody on the way in: what the provider said, and what their browser brought."""

    provider: Provider
    said: Said
    link: str | None
    origin: Origin
    replaces: str | None


async def begin(parts: Parts, name: str, onward: str, origin: Origin, link: str | None = None) -> Begin:
    """Where to send a browser, and the cookie by which it is known again. `link`: of an invitation that it opened.

    Raises `NotFound` for an unknown provider, `Unavailable` for one that is away, `TooMany`."""
    provider = _provider(parts, name)
    await _count(parts, provider, origin)
    going = Going(*(secrets.token_urlsafe(32) for _ in Going.__struct_fields__))
    address = await provider.address(going)
    cookie = secrets.token_urlsafe(32) + (LINK_MARK + link if link else "")
    begun = Begun(
        provider=provider.name,
        browser=hashed(cookie),
        nonce=going.nonce,
        verifier=going.verifier,
        onward=onward,
    )
    async with parts.database.write() as work:
        await work.company.begin(hashed(going.state), begun, await work.now() + LIFE)
    return Begin(address, cookie)


async def finish(
    parts: Parts,
    name: str,
    coming: Coming,
    *,
    state: str,
    cookie: str,
    origin: Origin,
    replaces: str | None = None,
) -> Finished:
    """Open a session for who comes back. `cookie` is the one of `begin`; `replaces` the session's secret that the
    browser came with, which ends.

    Raises `NotSignedIn`, which is logged; `NotFound`, `Unavailable`, `TooMany`."""
    provider = _provider(parts, name)
    await _count(parts, provider, origin)
    said = None
    try:
        begun = await _take(parts, provider, state, cookie)
        said = await provider.said(coming, Going(state, begun.nonce, begun.verifier))
        link = cookie.partition(LINK_MARK)[2] or None
        person = _Coming(provider=provider, said=said, link=link, origin=origin, replaces=replaces)
        async with parts.database.write() as work:
            return Finished(await _admit(work, person), begun.onward)
    except NotBelieved as error:
        log.warning("sign-in at %s refused: %s", provider.name, error)
        refused = _Refused(error.refusal.value)
    except _Refused as error:
        refused = error
    await _deny(parts, provider, refused, said, origin)
    raise NotSignedIn(REFUSED[refused.reason])


async def sign_out(parts: Parts, secret: str, origin: Origin) -> str | None:
    """End the session behind a cookie; an unknown one is fine. Where the browser signs out at the provider too; None
    where the session came by none, or it has no such place, or is away."""
    async with parts.database.write() as work:
        session = await work.credentials.session(hashed(secret))
        token = await work.company.token(hashed(secret))
        await sessions.drop(work, secret, "signed_out", origin)
    provider = parts.providers.get(session.provider or "") if session else None
    try:
        return await provider.way_out(token) if provider else None
    except Unavailable:
        return None


def _provider(parts: Parts, name: str) -> Provider:
    if name not in parts.providers:
        raise NotFound
    return parts.providers[name]


async def _take(parts: Parts, provider: Provider, state: str, cookie: str) -> Begun:
    """What this browser began at this provider. Whoever comes with a state uses it up, wherever they come from."""
    async with parts.database.write() as work:
        begun = await work.company.take(hashed(state))
    if begun is None:
        raise _Refused("unknown_state")
    if not hmac.compare_digest(begun.browser, hashed(cookie)):
        raise _Refused("other_browser")
    if begun.provider != provider.name:
        raise _Refused("other_provider")
    return begun


async def _admit(work: Work, coming: _Coming) -> str:
    """A session in this unit of work, its secret; with it everything that the sign-in changed."""
    person = await _person(work, coming)
    if person.disabled_at is not None:
        raise _Refused("disabled", person)
    provider, said = coming.provider.name, coming.said
    await groups.sync(work, person, provider, said.groups)
    if coming.replaces:
        await sessions.drop(work, coming.replaces, "replaced", coming.origin)
    secret = await sessions.begin(
        work, person, coming.origin, provider=provider, provider_session=said.session
    )
    await work.company.keep_token(hashed(secret), said.id_token)
    return secret


async def _person(work: Work, coming: _Coming) -> Principal:
    said = coming.said
    known = await people.by_identity(work, said.issuer, said.subject)
    if coming.link:
        return await _linked(work, coming, coming.link, known)
    if known:
        return known
    if not coming.provider.first_sign_in_adds:
        raise _Refused("not_invited")
    return await _added(work, said, coming.origin)


async def _linked(work: Work, coming: _Coming, link: str, known: Principal | None) -> Principal:
    """Whose link it is; from now on the identity is theirs."""
    try:
        person, purpose = await links.use(work, link, coming.origin)
    except NotFound:
        raise _Refused("link_over") from None
    if known and known.id != person.id:
        raise _Refused("linked_to_another", known)
    if purpose is Purpose.RESET and await authenticators.has(work, person):
        raise _Refused("needs_second_factor", person)
    if known is None:
        await people.link(work, person, coming.said.issuer, coming.said.subject, coming.origin)
    return person


async def _added(work: Work, said: Said, origin: Origin) -> Principal:
    """A new person, who may do nothing yet but what their groups give. Never the first: that is the administrator,
    whose link holds only while there is nobody."""
    if not await work.principals.anyone():
        raise _Refused("not_set_up")
    try:
        email = clean_email(said.email or "")
        by = Caller(SYSTEM.principal, origin)
        name = _name(said, email)
        person = await people.enrol(work, by, name=name, email=email, giving=None, encoded=None)
    except Invalid:
        raise _Refused("no_email") from None
    except Conflict:
        raise _Refused("email_taken") from None
    await people.link(work, person, said.issuer, said.subject, origin)
    return person


def _name(said: Said, email: str) -> str:
    shown = "".join(filter(str.isprintable, said.name)).strip()[:MAX_NAME].strip()
    return shown or email.partition("@")[0]


async def _count(parts: Parts, provider: Provider, origin: Origin) -> None:
    tries = await count(parts, Limit(key("company-sign-in", origin.address), TRIES_OF_AN_ADDRESS))
    if tries.first_over:
        await _deny(parts, provider, _Refused("too_many"), None, origin)
    if tries.over:
        raise TooMany(retry_after=int(WINDOW.total_seconds()))


async def _deny(
    parts: Parts, provider: Provider, refused: _Refused, said: Said | None, origin: Origin
) -> None:
    event = Event(
        type=EventType.SESSION_DENIED,
        actor=NOBODY,
        object=Object(ObjectKind.PERSON, refused.person.uid if refused.person else None),
        outcome=Outcome.DENIED,
        reason_code=refused.reason,
        origin=origin,
        details={"provider": provider.name},
        texts={"subject": said.subject} if said else {},
    )
    async with parts.database.write() as work:
        await work.audit.append(event)
