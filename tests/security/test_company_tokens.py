"""Forged tokens of a company's provider: what it says at sign-in, what it sends by itself, and what programs bring.

Each is refused beside a good one that differs in nothing but the forgery.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from archive.bootstrap import company
from archive.ports import Bearer, Coming, Going, NotBelieved, Refusal, Said
from archive.settings import Algorithm, ProviderSettings, Settings
from tests.misbehaving import CLIENT_ID, LOGOUT, Claims, Misbehaving, new_key

pytestmark = pytest.mark.anyio

# ---- what the provider says ------------------------------------------------------------------------------------


DEFAULT = (Algorithm.RS256, Algorithm.ES256, Algorithm.EDDSA, Algorithm.PS256)
AUDIENCE = "urn:call-archive"
Forger = Callable[[Misbehaving], Callable[[Claims], str]]
"""Given the provider, whose keys it may read and not use, makes tokens of good claims."""


class At:
    """The archive's side of a provider, without an archive around it."""

    def __init__(self, acme: Misbehaving, *algorithms: str) -> None:
        self.acme = acme
        chosen = tuple(Algorithm(each) for each in algorithms) or DEFAULT
        settings = ProviderSettings(
            name="acme",
            label="Acme",
            issuer=acme.issuer,
            client_id=CLIENT_ID,
            api_audience=AUDIENCE,
            algorithms=chosen,
        )
        self.provider = company(Settings(), settings, acme.now)

    async def come_in(self) -> Said:
        going = Going("state", "nonce", "verifier" * 6)
        brought = self.acme.visit(await self.provider.address(going))
        return await self.provider.said(Coming(brought["code"], None, None), going)

    async def refuses(self, doing: Awaitable[object]) -> bool:
        """True for a token that isn't believed; fails for one that is."""
        try:
            found = await doing
        except NotBelieved as error:
            return error.refusal is Refusal.WRONG_TOKEN
        raise AssertionError(f"believed: {found}")


@pytest.fixture
async def at() -> AsyncIterator[At]:
    acme = Misbehaving(lambda: 1_790_000_000.25)
    acme.start()
    found = At(acme)
    yield found
    await found.provider.close()
    acme.stop()


# ---- forgeries -------------------------------------------------------------------------------------------------


def unsigned(claims: Claims) -> str:
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims)}."


def encoded(part: Claims | bytes) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_public_key(acme: Misbehaving) -> Callable[[Claims], str]:
    """HMAC with what everybody may read."""

    def sign(claims: Claims) -> str:
        signed = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'first'})}.{encoded(claims)}"
        assert isinstance(acme.key, ECKey)
        secret = acme.key.as_pem(private=False)
        return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"

    return sign


def by_embedded_key(acme: Misbehaving) -> Callable[[Claims], str]:
    own = new_key("first")
    return lambda claims: acme.sign(claims, own, jwk=own.as_dict(private=False))


def by_key_elsewhere(acme: Misbehaving) -> Callable[[Claims], str]:
    own = new_key("first")
    acme.says["/mine"] = lambda: (200, json.dumps({"keys": [own.as_dict(private=False)]}).encode())
    return lambda claims: acme.sign(claims, own, jku=f"{acme.issuer}/mine")


def of(acme: Misbehaving, key: Key | None = None, **header: Any) -> Callable[[Claims], str]:
    return lambda claims: acme.sign(claims, key, **header)


def signed(acme: Misbehaving, claims: Any, key: Key | None = None, **header: Any) -> str:
    return acme.sign(claims, key, **header)


def with_claims(**changed: Any) -> Forger:
    def made(acme: Misbehaving) -> Callable[[Claims], str]:
        def sign(claims: Claims) -> str:
            whole = {**claims, **{k: v(claims) if callable(v) else v for k, v in changed.items()}}
            return acme.sign({name: value for name, value in whole.items() if value is not None})

        return sign

    return made


# ---- the forgeries of any kind of token ------------------------------------------------------------------------

SIGNED: dict[str, Forger] = {
    "alg none": lambda _: unsigned,
    "HS256 with the public key": by_public_key,
    "embedded jwk": by_embedded_key,
    "jku": by_key_elsewhere,
    "embedded jwk beside a good signature": lambda acme: of(acme, jwk=acme.key.as_dict(private=False)),
    "x5c": lambda acme: of(acme, x5c=["AAAA"]),
    "another's key": lambda acme: of(acme, new_key("first")),
    "unknown kid": lambda acme: of(acme, new_key("unknown")),
    "kid that is a number": lambda acme: of(acme, kid=1),
    "crit that nobody knows": lambda acme: of(acme, crit=["exp2"], exp2=1),
    "long header": lambda acme: of(acme, note="x" * 2000),
    "typ of another kind": lambda acme: of(acme, typ="dpop+jwt"),
    "claims that are a list": lambda acme: lambda _: signed(acme, []),
    "no token": lambda _: lambda _: "hello",
    "nothing": lambda _: lambda _: "",
    "not of ASCII": lambda _: lambda _: "é.é.é",
    "deep": lambda _: lambda _: encoded(b"[" * 5000) + "." + encoded(b"[" * 5000) + ".",
    "wrong iss": with_claims(iss="https://id.example.com"),
    "no aud": with_claims(aud=None),
    "foreign aud": with_claims(aud="another"),
    "foreign aud with our azp": with_claims(aud="another", azp=CLIENT_ID),
    "expired": with_claims(exp=lambda claims: claims["iat"] - 61),
    "no exp": with_claims(exp=None),
    "exp that is no number": with_claims(exp="tomorrow"),
    "exp without end": with_claims(exp=float("nan")),
    "exp beyond all numbers": with_claims(exp=10**400),
    "issued in the future": with_claims(iat=lambda claims: claims["iat"] + 61),
    "no iat": with_claims(iat=None),
    "not yet valid": with_claims(nbf=lambda claims: claims["iat"] + 61),
}

SUBJECTS: dict[str, Forger] = {
    "no sub": with_claims(sub=None),
    "empty sub": with_claims(sub=""),
    "long sub": with_claims(sub="x" * 256),
    "sub that is a number": with_claims(sub=7),
    "sub with NUL": with_claims(sub="ann\0"),
}

# ---- ID tokens -------------------------------------------------------------------------------------------------

IDENTITY: dict[str, Forger] = (
    SIGNED
    | SUBJECTS
    | {
        "several aud, no azp": with_claims(aud=[CLIENT_ID, "another"]),
        "several aud, another's azp": with_claims(aud=[CLIENT_ID, "another"], azp="another"),
        "one aud, another's azp": with_claims(azp="another"),
        "iss with a slash": with_claims(iss=lambda claims: claims["iss"] + "/"),
        "issued long ago": with_claims(iat=lambda claims: claims["iat"] - 601),
        "issued before all times": with_claims(iat=-(10**400)),
        "no nonce": with_claims(nonce=None),
        "another nonce": with_claims(nonce="x"),
        "another's access token": with_claims(at_hash="x" * 22),
        "an access token": lambda acme: of(acme, typ="at+jwt"),
        "a logout token": lambda acme: of(acme, typ="logout+jwt"),
        "a logout token without typ": with_claims(events={}),
    }
)


@pytest.mark.parametrize("attack", IDENTITY)
async def test_a_forged_id_token(at: At, attack: str) -> None:
    assert (await at.come_in()).subject == "ann"
    at.acme.makes_id_token = IDENTITY[attack](at.acme)
    assert await at.refuses(at.come_in())


@pytest.mark.parametrize(
    "fine",
    [
        lambda acme: of(acme, typ=None),  # Okta's, among others
        lambda acme: of(acme, kid=None),
        lambda acme: of(acme, x5t="dGVzdA"),
        with_claims(aud=[CLIENT_ID]),
        with_claims(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
        with_claims(iat=lambda claims: claims["iat"] + 30),
        with_claims(exp=lambda claims: claims["iat"] - 30),
        with_claims(at_hash=encoded(hashlib.sha256(b"opaque").digest()[:16])),
    ],
)
async def test_a_good_id_token_of_another_make(at: At, fine: Forger) -> None:
    at.acme.makes_id_token = fine(at.acme)
    assert (await at.come_in()).subject == "ann"


# ---- logout tokens ---------------------------------------------------------------------------------------------

LEAVING: dict[str, Forger] = SIGNED | {
    "issued long ago": with_claims(iat=lambda claims: claims["iat"] - 601),
    "issued before all times": with_claims(iat=-(10**400)),
    "an ID token": with_claims(events=None, nonce="x"),
    "an ID token with events": with_claims(nonce="x"),
    "no events": with_claims(events=None),
    "events that are a list": with_claims(events=[LOGOUT]),
    "another event": with_claims(events={"urn:other": {}}),
    "an event that says nothing": with_claims(events={LOGOUT: True}),
    "no jti": with_claims(jti=None),
    "neither sub nor sid": with_claims(sub=None),
    "an access token": lambda acme: of(acme, typ="at+jwt"),
}


@pytest.mark.parametrize("attack", LEAVING)
async def test_a_forged_logout_token(at: At, attack: str) -> None:
    good = at.acme.logout_claims(sid="one")
    assert (await at.provider.ended(at.acme.sign(good, typ="logout+jwt"))).session == "one"
    token = LEAVING[attack](at.acme)(at.acme.logout_claims())
    assert await at.refuses(at.provider.ended(token))


@pytest.mark.parametrize("typ", ["logout+jwt", "Logout+JWT", "application/logout+jwt", "JWT", None])
async def test_a_good_logout_token_of_another_make(at: At, typ: str | None) -> None:
    assert (await at.provider.ended(at.acme.sign(at.acme.logout_claims(), typ=typ))).subject == "ann"


# ---- access tokens ---------------------------------------------------------------------------------------------

BEARERS: dict[str, Forger] = (SIGNED | SUBJECTS) | {
    "no jti": with_claims(jti=None),
    "no client_id": with_claims(client_id=None),
    "a scope that is a list": with_claims(scope=["find"]),
}
del BEARERS["wrong iss"]  # is somebody else's to answer
OF_ANOTHER_KIND = ("JWT", "logout+jwt", "at", "")


@pytest.mark.parametrize("attack", BEARERS)
async def test_a_forged_access_token(at: At, attack: str) -> None:
    claims = at.acme.access_claims(AUDIENCE)
    good = await at.provider.bearer(at.acme.sign(claims, typ="at+jwt"))
    assert good == Bearer(at.acme.issuer, "ann", "tool", frozenset({"find", "read_call"}))
    made = BEARERS[attack](cast(Misbehaving, _Access(at.acme)))
    assert await at.refuses(at.provider.bearer(made(claims)))


@pytest.mark.parametrize("typ", [*OF_ANOTHER_KIND, None])
async def test_missing_typ(at: At, typ: str | None) -> None:
    """Of an access token: it must say what it is, so that no ID token can pass for one."""
    claims = at.acme.access_claims(AUDIENCE)
    assert await at.refuses(at.provider.bearer(at.acme.sign(claims, typ=typ)))


async def test_another_issuers_access_token_is_nobodys_here(at: At) -> None:
    claims = at.acme.access_claims(AUDIENCE, iss="https://id.example.com")
    assert await at.provider.bearer(at.acme.sign(claims, typ="at+jwt")) is None


class _Access:
    """The provider as one that makes access tokens unless it is told otherwise."""

    def __init__(self, acme: Misbehaving) -> None:
        self._acme = acme

    def sign(self, claims: Claims, key: Key | None = None, **header: Any) -> str:
        return self._acme.sign(claims, key, **{"typ": "at+jwt", **header})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._acme, name)


# ---- algorithms and keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", RSAKey.generate_key(2048, {"kid": "rsa"})),
        ("PS256", RSAKey.generate_key(2048, {"kid": "rsa"})),
        ("EdDSA", OKPKey.generate_key("Ed25519", {"kid": "ed"})),
        ("ES256", ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"})),
    ],
)
async def test_the_algorithms_of_the_settings(at: At, algorithm: str, key: Key) -> None:
    at.acme.keys.append(key)
    at.acme.makes_id_token = lambda claims: at.acme.sign(claims, key, alg=algorithm)
    assert (await at.come_in()).subject == "ann"
    others = [each for each in ("RS256", "ES256", "PS256", "EdDSA") if each != algorithm]
    strict = At(at.acme, *others)
    assert await at.refuses(strict.come_in())
    await strict.provider.close()


async def test_a_key_for_another_algorithm(at: At) -> None:
    key = ECKey.generate_key("P-256", {"kid": "es", "alg": "ES384"})
    at.acme.keys.append(key)
    plain = ECKey.import_key({**key.as_dict(private=True), "alg": "ES256"})
    at.acme.makes_id_token = lambda claims: at.acme.sign(claims, plain)
    assert await at.refuses(at.come_in())


async def test_a_key_for_encryption(at: At) -> None:
    key = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
    at.acme.keys.append(key)
    plain = ECKey.import_key({**key.as_dict(private=True), "use": "sig"})
    at.acme.makes_id_token = lambda claims: at.acme.sign(claims, plain)
    assert await at.refuses(at.come_in())


async def test_a_small_key_proves_nothing(at: At) -> None:
    with pytest.warns(match="2048"):
        small = RSAKey.generate_key(1024, {"kid": "small"})
    at.acme.keys.append(small)
    at.acme.makes_id_token = lambda claims: at.acme.sign(claims, small)
    assert await at.refuses(at.come_in())


async def test_a_published_shared_secret_proves_nothing(at: At) -> None:
    secret = OctKey.generate_key(256, {"kid": "secret"})
    both = {"keys": [at.acme.key.as_dict(private=False), secret.as_dict(private=True)]}
    at.acme.says["/keys"] = lambda: (200, json.dumps(both).encode())
    at.acme.makes_id_token = lambda claims: at.acme.sign(claims, secret)
    assert await at.refuses(at.come_in())


async def test_keys_that_are_none_do_not_hide_the_others(at: At) -> None:
    broken: list[dict[str, Any]] = [
        {},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!"},
        {"kty": "new"},
    ]
    published = {"keys": [*broken, at.acme.key.as_dict(private=False)]}
    at.acme.says["/keys"] = lambda: (200, json.dumps(published).encode())
    assert (await at.come_in()).subject == "ann"
