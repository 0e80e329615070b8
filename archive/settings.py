"""Every setting, once: name, type, default and meaning.

A setting is read from the environment (`ARCHIVE_` + its name in capitals) or from the TOML file that
`ARCHIVE_CONFIG` names (its name in small letters); the environment wins. A wrong or unknown one stops the program.
"""

import ipaddress
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct, structs

from archive.errors import WrongSetting
from archive.policy.actions import Role

PREFIX = "ARCHIVE_"


class Creation(StrEnum):
    """Who becomes a person by a company's sign-in."""

    FIRST_SIGN_IN = "first_sign_in"
    INVITED = "invited"


class Algorithm(StrEnum):
    """How a provider may sign: with a private key alone (RFC 7518, RFC 8037, RFC 9864)."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"
    ED25519 = "Ed25519"


class ProviderSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One company's sign-in, as a `[[providers]]` table gives it."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9][a-z0-9-]{0,30}\Z", description="Short name, in addresses and events; keep it."
        ),
    ]
    label: Annotated[str, Meta(min_length=1, description="What the sign-in page calls it.")]
    issuer: Annotated[
        str,
        Meta(
            description="Its issuer, exactly as its discovery document says, such as `https://id.example.com`."
        ),
    ]
    client_id: Annotated[str, Meta(min_length=1, description="The archive's client id there.")]
    client_secret: Annotated[str, Meta(description="Its secret. Empty: a public client, by PKCE alone.")] = ""
    scopes: Annotated[str, Meta(description="Scopes to ask for; `openid` must be among them.")] = (
        "openid profile email"
    )
    groups_claim: Annotated[
        str,
        Meta(
            min_length=1, description="Claim that lists a person's groups, which groups here are mapped to."
        ),
    ] = "groups"
    create: Annotated[
        Creation,
        Meta(
            description="`invited`: only who comes by an invitation link. `first_sign_in`: whoever signs in there "
            "becomes a person, without any rights but their groups'."
        ),
    ] = Creation.INVITED
    api_audience: Annotated[
        str,
        Meta(
            description="Audience of the provider's access tokens (RFC 9068) that the API accepts for its people. "
            "Empty: none."
        ),
    ] = ""
    algorithms: Annotated[
        tuple[Algorithm, ...],
        Meta(min_length=1, description="Signatures that count, whatever the provider says."),
    ] = (Algorithm.RS256, Algorithm.ES256, Algorithm.EDDSA, Algorithm.PS256)


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data: Annotated[
        str, Meta(description="Folder of the embedded archive: database, recordings, index, keys.")
    ] = "data"
    public_url: Annotated[
        str, Meta(description="Address under which people reach the archive; links and tokens carry it.")
    ] = "http://localhost:8000"
    host: Annotated[
        str, Meta(description="Address to listen on. Beyond loopback it needs TLS or `behind_proxy`.")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on.")] = 8000
    tls_cert: Annotated[
        str, Meta(description="PEM file of the certificate chain, when the archive serves TLS itself.")
    ] = ""
    tls_key: Annotated[str, Meta(description="PEM file of the certificate's private key.")] = ""
    behind_proxy: Annotated[
        str,
        Meta(description="Reverse proxies to trust, with commas, such as `10.0.0.5,10.1.0.0/16`."),
    ] = ""
    database: Annotated[
        str, Meta(description="`postgresql://user:password@host/name`. Empty: SQLite in `data`.")
    ] = ""
    database_owner: Annotated[
        str,
        Meta(
            description="The same for the role that owns the tables; only `migrate` uses it. Empty: `database`."
        ),
    ] = ""
    store: Annotated[str, Meta(description="`s3://bucket`. Empty: a folder in `data`.")] = ""
    s3_endpoint: Annotated[
        str, Meta(description="Address of the S3 server, such as `http://minio:9000`.")
    ] = ""
    s3_region: Annotated[str, Meta(description="Region to sign for.")] = "us-east-1"
    s3_access_key: Annotated[str, Meta(description="Access key of the S3 account.")] = ""
    s3_secret_key: Annotated[str, Meta(description="Its secret key.")] = ""
    search: Annotated[
        str,
        Meta(
            description="Address of Meilisearch, such as `http://meilisearch:7700`. Empty: tantivy, in `data`."
        ),
    ] = ""
    search_key: Annotated[str, Meta(description="Meilisearch key for searching (`search`, `version`).")] = ""
    index_key: Annotated[
        str,
        Meta(description="Meilisearch key for indexing, used by workers and `reindex`. Empty: `search_key`."),
    ] = ""
    search_prefix: Annotated[
        str, Meta(description="What the names of this archive's indexes begin with.")
    ] = "archive"
    redis: Annotated[
        str,
        Meta(
            description="`redis://host:6379/0` or `unix:///path`. Empty: a private redis-server, started by `up`."
        ),
    ] = ""
    max_upload_bytes: Annotated[int, Meta(gt=0, description="Largest recording accepted, in bytes.")] = (
        8 * 2**30
    )
    body_silence_seconds: Annotated[
        int, Meta(gt=0, description="A request is given up when its sender says nothing for this long.")
    ] = 60
    max_call_hours: Annotated[
        int, Meta(gt=0, le=48, description="Longest recording normalised, in hours.")
    ] = 12
    session_idle_minutes: Annotated[
        int, Meta(gt=0, description="A session ends after this long without a request.")
    ] = 120
    session_hours: Annotated[
        int, Meta(gt=0, le=30 * 24, description="A session ends after this long in any case.")
    ] = 12
    local_accounts: Annotated[
        bool, Meta(description="Whether people may sign in with a password of the archive's own.")
    ] = True
    break_glass_administrator: Annotated[
        str,
        Meta(description="E-mail of the one who may do so even without `local_accounts`. Empty: nobody."),
    ] = ""
    break_glass_minutes: Annotated[
        int,
        Meta(
            ge=0,
            le=480,
            description="An administrator who breaks the glass hears for so long. 0: nobody does.",
        ),
    ] = 60
    totp_required_for: Annotated[
        str,
        Meta(
            description="Roles that take one-time codes beside a password, such as `administrator,compliance`."
        ),
    ] = ""
    providers: Annotated[
        tuple[ProviderSettings, ...],
        Meta(description="Companies' sign-ins, below. In the environment: a JSON list of objects."),
    ] = ()
    worker_jobs: Annotated[int, Meta(gt=0, le=64, description="Jobs that one worker does at once.")] = 2
    time_zone: Annotated[
        str, Meta(description="Zone in which times are shown where a browser gives none.")
    ] = "UTC"
    metrics_token: Annotated[
        str, Meta(description="Bearer token that `/metrics` asks for. Empty: it answers on loopback only.")
    ] = ""

    @property
    def folder(self) -> Path:
        return Path(self.data)

    @property
    def proxies(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.behind_proxy.split(",") if part.strip())

    @property
    def codes_for(self) -> frozenset[Role]:
        """The roles that `totp_required_for` names."""
        return frozenset(Role(name.strip()) for name in self.totp_required_for.split(",") if name.strip())

    @property
    def secure(self) -> bool:
        """Whether browsers reach the archive over HTTPS, so that cookies can be `__Host-`."""
        return urlsplit(self.public_url).scheme == "https"


def load(environ: Mapping[str, str], **overrides: object) -> Settings:
    """Read the settings. `overrides` (command-line options; None: not given) win over both sources.

    Raises `WrongSetting` naming the setting, where it stood, and what is wrong with it.
    """
    given: dict[str, Any] = {**_from_file(environ.get(PREFIX + "CONFIG")), **_from_environment(environ)}
    given.update({name: value for name, value in overrides.items() if value is not None})
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise WrongSetting(_plain(str(error))) from error
    check(settings)
    return settings


def variable(name: str) -> str:
    return PREFIX + name.upper()


def as_environment(settings: Settings) -> dict[str, str]:
    """The environment from which a process of its own loads the same settings."""
    return {variable(name): _text(value) for name, value in structs.asdict(settings).items()}


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode() if isinstance(value, tuple) else str(value)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    names = {variable(name): name for name in Settings.__struct_fields__}
    given = {key: value for key, value in environ.items() if key.startswith(PREFIX) and not _for_others(key)}
    for key in given:
        if key not in names:
            raise WrongSetting(f"{key} is not a setting. docs/operate.md lists them all.", field=key)
    return {names[key]: _value(key, value) for key, value in given.items()}


def _value(key: str, text: str) -> Any:
    if key != variable("providers"):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise WrongSetting(f"{key} is not JSON: {error}.", field="providers") from error


def _for_others(key: str) -> bool:
    """`ARCHIVE_CONFIG` is read above; `ARCHIVE_TEST_…` belongs to the tests."""
    return key == PREFIX + "CONFIG" or key.startswith(PREFIX + "TEST_")


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongSetting(f"{PREFIX}CONFIG names {path}, which can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSetting(f"{path} is not TOML: {error}.") from error
    for name in given:
        if name not in Settings.__struct_fields__:
            raise WrongSetting(
                f"{name} in {path} is not a setting. docs/operate.md lists them all.", field=name
            )
    return given


def _plain(error: str) -> str:
    reason, _, where = error.partition(" - at `$.")
    place = where.rstrip("`")
    name = place.partition("[")[0]
    return f"{variable(name)} ({place}) is wrong: {reason}." if name else error


def check(settings: Settings) -> None:
    """Refuse settings that contradict each other. Raises `WrongSetting`."""
    _check_address("public_url", settings.public_url, {"http", "https"})
    for name, schemes in (
        ("database", {"postgresql"}),
        ("database_owner", {"postgresql"}),
        ("store", {"s3"}),
        ("s3_endpoint", {"http", "https"}),
        ("search", {"http", "https"}),
        ("redis", {"redis", "rediss", "unix"}),
    ):
        if value := getattr(settings, name):
            _check_address(name, value, schemes)
    _check_together(settings)
    _check_zone(settings.time_zone)
    _check_roles(settings)
    for proxy in settings.proxies:
        _check_network(proxy)
    _check_providers(settings)


def _check_address(name: str, value: str, schemes: set[str]) -> None:
    if not _is_address(value, schemes):
        wanted = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
        raise WrongSetting(f"{variable(name)} ({name}) must begin with {wanted} and name a host.", field=name)


def _is_address(value: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:  # such as a bracket that is not closed
        return False
    # A socket's path names the host of unix:// addresses; PostgreSQL may find its host in the query.
    named = parts.path if parts.scheme in {"unix", "postgresql"} else parts.hostname
    return parts.scheme in schemes and bool(named)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise WrongSetting(
            f"{variable('time_zone')} (time_zone): there is no zone {name}.", field="time_zone"
        ) from error


def _check_roles(settings: Settings) -> None:
    try:
        _ = settings.codes_for
    except ValueError as error:
        raise WrongSetting(
            f"{variable('totp_required_for')} (totp_required_for): {error}. The roles are {', '.join(Role)}.",
            field="totp_required_for",
        ) from error


def _check_network(proxy: str) -> None:
    try:
        ipaddress.ip_network(proxy, strict=False)
    except ValueError as error:
        raise WrongSetting(
            f"{variable('behind_proxy')} (behind_proxy): {error}.", field="behind_proxy"
        ) from error


def _check_together(settings: Settings) -> None:
    if settings.store and not (settings.s3_endpoint and settings.s3_access_key and settings.s3_secret_key):
        raise WrongSetting(
            "store names a bucket: s3_endpoint, s3_access_key and s3_secret_key must be set.", field="store"
        )
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise WrongSetting("tls_cert and tls_key must be set together.", field="tls_cert")
    if settings.search and not settings.search_key:
        raise WrongSetting("search names a Meilisearch: search_key must be set.", field="search_key")
    if not _loopback(settings.host) and not settings.tls_cert and not settings.proxies:
        raise WrongSetting(
            f"host is {settings.host}: beyond loopback, sign-in needs HTTPS. Set tls_cert and tls_key, or put a proxy "
            "that serves HTTPS in front and name its address in behind_proxy.",
            field="host",
        )


def _check_providers(settings: Settings) -> None:
    for provider in settings.providers:
        _check_provider(provider)
    for field in ("name", "issuer"):
        if len({getattr(each, field) for each in settings.providers}) < len(settings.providers):
            raise WrongSetting(f"providers: two have the same {field}.", field="providers")
    if not settings.local_accounts and not settings.providers and not settings.break_glass_administrator:
        raise WrongSetting(
            "local_accounts is off, and there is no other way in: name providers, or a break_glass_administrator.",
            field="local_accounts",
        )


def _check_provider(provider: ProviderSettings) -> None:
    """Over plain HTTP anybody on the way could sign in as anybody: on this machine alone."""
    issuer = urlsplit(provider.issuer) if _is_address(provider.issuer, {"http", "https"}) else None
    if issuer is None or issuer.query or issuer.fragment:
        raise WrongSetting(
            f"providers: the issuer of {provider.name} is no https:// address.", field="providers"
        )
    if issuer.scheme == "http" and not _loopback(issuer.hostname or ""):
        raise WrongSetting(
            f"providers: the issuer of {provider.name} must begin with https://.", field="providers"
        )
    if provider.name == "code":
        raise WrongSetting("providers: code is an address of the archive's own sign-in.", field="providers")
    if "openid" not in provider.scopes.split():
        raise WrongSetting(f"providers: the scopes of {provider.name} lack openid.", field="providers")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
