"""Every setting is documented, and a wrong one stops the program by name."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest

from archive.errors import WrongSetting
from archive.settings import Creation, ProviderSettings, Settings, as_environment, load, variable

GUIDE = Path(__file__).parents[2] / "docs" / "operate.md"
BUCKET = {
    "ARCHIVE_STORE": "s3://recordings",
    "ARCHIVE_S3_ENDPOINT": "http://minio:9000",
    "ARCHIVE_S3_ACCESS_KEY": "key",
    "ARCHIVE_S3_SECRET_KEY": "a secret that stays one",
}
ACME: dict[str, Any] = {
    "name": "acme",
    "label": "Acme",
    "issuer": "https://id.acme.example",
    "client_id": "archive",
}
FIELDS = msgspec.structs.fields(Settings)


def description(name: str) -> str:
    return str(get_type_hints(Settings, include_extras=True)[name].__metadata__[0].description)


# ---- documentation ----


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_says_what_it_means(name: str) -> None:
    assert re.fullmatch(r"[A-Z`].{10,}\.", description(name))


def test_the_operators_guide_lists_every_setting_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*?) ?\| (.+) \|$", GUIDE.read_text(), re.MULTILINE)
    expected = [(field.name, variable(field.name), shown(field.default)) for field in FIELDS]
    assert [row[:3] for row in rows] == expected
    assert [row[3] for row in rows] == [description(field.name) for field in FIELDS]


def test_the_operators_guide_lists_every_setting_of_a_provider_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (`[^`]*`)? ?\| (.+) \|$", GUIDE.read_text(), re.MULTILINE)
    fields = msgspec.structs.fields(ProviderSettings)
    meanings = get_type_hints(ProviderSettings, include_extras=True)
    expected = [(f.name, shown(f.default), meanings[f.name].__metadata__[0].description) for f in fields]
    assert rows[-len(fields) :] == expected


def shown(default: object) -> str:
    """A default as TOML has it, as far as it fits a table."""
    if default in {"", (), msgspec.NODEFAULT}:
        return ""
    if isinstance(default, tuple):
        return f"`{' '.join(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


# ---- where they come from ----


def test_without_any_the_archive_is_embedded() -> None:
    settings = load({})
    assert settings == Settings()
    assert (settings.database, settings.store, settings.search, settings.redis) == ("", "", "", "")
    assert (settings.host, settings.secure) == ("127.0.0.1", False)


def test_options_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "archive.toml"
    file.write_text('port = 1\nworker_jobs = 3\ndata = "from file"')
    environ = {"ARCHIVE_CONFIG": str(file), "ARCHIVE_PORT": "2", "ARCHIVE_DATA": "from environment"}
    settings = load(environ, data="from option", host=None)
    assert (settings.worker_jobs, settings.port, settings.data) == (3, 2, "from option")
    assert settings.host == "127.0.0.1"


def test_what_belongs_to_others_is_left_alone() -> None:
    assert load({"PATH": "/bin", "ARCHIVE_TEST_MEILISEARCH_URL": "x", "HOME": "/"}) == Settings()


@pytest.mark.parametrize("proxies", ["10.0.0.5, 10.1.0.0/16", "10.0.0.5,,10.1.0.0/16,"])
def test_proxies_are_addresses_and_networks(proxies: str) -> None:
    assert load({"ARCHIVE_BEHIND_PROXY": proxies}).proxies == ("10.0.0.5", "10.1.0.0/16")


def providers(*given: Mapping[str, object]) -> dict[str, str]:
    return {"ARCHIVE_PROVIDERS": json.dumps(given)}


@pytest.mark.parametrize(
    "issuer", ["https://id.acme.example", "http://localhost:3000", "http://127.0.0.1:1/a"]
)
def test_providers_come_as_json_or_as_tables(tmp_path: Path, issuer: str) -> None:
    given = {**ACME, "issuer": issuer, "create": "first_sign_in"}
    file = tmp_path / "archive.toml"
    file.write_text(
        "[[providers]]\n" + "".join(f"{name} = {json.dumps(each)}\n" for name, each in given.items())
    )
    (from_file,) = load({"ARCHIVE_CONFIG": str(file)}).providers
    (from_environment,) = load(providers(given)).providers
    assert from_file == from_environment
    assert (from_file.issuer, from_file.create) == (issuer, Creation.FIRST_SIGN_IN)


# ---- wrong ones ----


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"ARCHIVE_PROT": "1"}, "ARCHIVE_PROT"),
        ({"ARCHIVE_PORT": "http"}, "ARCHIVE_PORT (port)"),
        ({"ARCHIVE_PORT": "65536"}, "ARCHIVE_PORT (port)"),
        ({"ARCHIVE_MAX_UPLOAD_BYTES": "0"}, "max_upload_bytes"),
        ({"ARCHIVE_WORKER_JOBS": "2.5"}, "worker_jobs"),
        ({"ARCHIVE_SESSION_HOURS": "721"}, "session_hours"),
        ({"ARCHIVE_PUBLIC_URL": "archive.example.com"}, "public_url"),
        ({"ARCHIVE_PUBLIC_URL": "https://"}, "public_url"),
        ({"ARCHIVE_PUBLIC_URL": "https:///calls"}, "public_url"),
        ({"ARCHIVE_PUBLIC_URL": "https://[::1"}, "public_url"),
        ({"ARCHIVE_DATABASE": "mysql://localhost/calls"}, "database"),
        ({"ARCHIVE_DATABASE": "postgresql://"}, "database"),
        ({"ARCHIVE_DATABASE_OWNER": "sqlite:///x"}, "database_owner"),
        ({**BUCKET, "ARCHIVE_STORE": "s3://"}, "store"),
        ({**BUCKET, "ARCHIVE_STORE": "s3:///folder"}, "store"),
        ({**BUCKET, "ARCHIVE_STORE": "/folder"}, "store"),
        ({**BUCKET, "ARCHIVE_S3_ENDPOINT": "minio:9000"}, "s3_endpoint"),
        ({**BUCKET, "ARCHIVE_S3_SECRET_KEY": ""}, "s3_secret_key"),
        ({"ARCHIVE_SEARCH": "http://meilisearch:7700"}, "search_key"),
        ({"ARCHIVE_REDIS": "localhost:6379"}, "redis"),
        ({"ARCHIVE_REDIS": "unix://"}, "redis"),
        ({"ARCHIVE_TLS_CERT": "cert.pem"}, "tls_key"),
        ({"ARCHIVE_BEHIND_PROXY": "proxy.example.com"}, "behind_proxy"),
        ({"ARCHIVE_TIME_ZONE": "Europe/Nowhere"}, "time_zone"),
        ({"ARCHIVE_TIME_ZONE": "../../etc/passwd"}, "time_zone"),
        ({"ARCHIVE_TIME_ZONE": ""}, "time_zone"),
        ({"ARCHIVE_PROVIDERS": "acme"}, "ARCHIVE_PROVIDERS"),
        ({"ARCHIVE_PROVIDERS": json.dumps(ACME)}, "ARCHIVE_PROVIDERS"),
        (providers({**ACME, "issuer": "http://id.acme.example"}), "acme must begin with https://"),
        (providers({**ACME, "issuer": "https://id.acme.example?x"}), "issuer of acme"),
        (providers({**ACME, "issuer": "id.acme.example"}), "issuer of acme"),
        (providers({**ACME, "name": "Acme"}), "providers[0].name"),
        (providers({**ACME, "name": "a/b"}), "providers[0].name"),
        (providers({**ACME, "name": "code"}), "code is an address"),
        (providers({**ACME, "isuer": "x"}), "isuer"),
        (providers({**ACME, "create": "anybody"}), "providers[0].create"),
        (providers({**ACME, "algorithms": []}), "providers[0].algorithms"),
        (providers({**ACME, "algorithms": ["HS256"]}), "providers[0].algorithms"),
        (providers({**ACME, "algorithms": ["none"]}), "providers[0].algorithms"),
        (providers({**ACME, "scopes": "profile"}), "openid"),
        (providers({**ACME, "client_secret": "a secret that stays one", "label": ""}), "providers[0].label"),
        (providers(ACME, {**ACME, "issuer": "https://other.example"}), "same name"),
        (providers(ACME, {**ACME, "name": "other"}), "same issuer"),
        ({"ARCHIVE_LOCAL_ACCOUNTS": "perhaps"}, "local_accounts"),
        ({"ARCHIVE_LOCAL_ACCOUNTS": "false"}, "no other way in"),
        ({"ARCHIVE_HOST": "0.0.0.0"}, "behind_proxy"),
        ({"ARCHIVE_HOST": "archive.example.com"}, "behind_proxy"),
    ],
)
def test_a_wrong_setting_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(WrongSetting) as wrong:
        load(environ)
    assert named in wrong.value.detail
    assert "a secret that stays one" not in wrong.value.detail


@pytest.mark.parametrize(
    "environ",
    [
        BUCKET,
        {"ARCHIVE_DATABASE": "postgresql://archive@/calls?host=/run/postgresql"},
        {"ARCHIVE_DATABASE": "postgresql:///calls"},
        {"ARCHIVE_REDIS": "unix:///run/redis.sock"},
        {"ARCHIVE_REDIS": "rediss://user:word@redis:6380/1"},
        {"ARCHIVE_HOST": "localhost"},
        {"ARCHIVE_HOST": "::1"},
        {"ARCHIVE_HOST": "127.8.8.8"},
        {"ARCHIVE_HOST": "0.0.0.0", "ARCHIVE_BEHIND_PROXY": "10.0.0.5"},
        {"ARCHIVE_HOST": "0.0.0.0", "ARCHIVE_TLS_CERT": "cert.pem", "ARCHIVE_TLS_KEY": "key.pem"},
        {"ARCHIVE_TIME_ZONE": "Europe/Berlin"},
    ],
)
def test_right_ones_are_taken(environ: dict[str, str]) -> None:
    settings = load(environ)
    assert all(
        getattr(settings, key.removeprefix("ARCHIVE_").lower()) == value for key, value in environ.items()
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [("port 8000", "not TOML"), ('prot = "1"', "prot"), ('port = "http"', "port"), ("data = 7", "data")],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "archive.toml"
    file.write_text(text)
    with pytest.raises(WrongSetting, match=named):
        load({"ARCHIVE_CONFIG": str(file)})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"nowhere\.toml"):
        load({"ARCHIVE_CONFIG": str(tmp_path / "nowhere.toml")})


def test_a_process_of_its_own_is_given_the_same_settings() -> None:
    provider = ProviderSettings(**ACME)
    for settings in (
        Settings(),
        Settings(local_accounts=False, providers=(provider,), port=9000, worker_jobs=3),
    ):
        assert load(as_environment(settings)) == settings


def test_settings_stay_as_they_are() -> None:
    settings: Any = load({})
    with pytest.raises(AttributeError):
        settings.port = 9
