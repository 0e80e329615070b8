"""What stands in infra/ as far as it can be checked without a container engine."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from archive.cli import cli
from archive.settings import load, variable
from infra.secrets import make
from infra.setup import ROOT
from infra.setup.minio import MODULE, VERSION

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = yaml.safe_load((INFRA / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("api-1", "api-2", "worker", "migrate", "prepare")
UNITS = sorted((INFRA / "systemd").glob("*.service"))
DOCKERFILES = sorted(INFRA.glob("containers/*/Dockerfile"))


def _filled(environment: Mapping[str, str]) -> dict[str, str]:
    """With `${NAME}` and `${NAME:?why}` replaced as compose would, from a fresh set of secrets."""
    secrets = make("archive.example.com")
    return {
        name: re.sub(r"\$\{(\w+)(:\?[^}]*)?\}", lambda found: secrets[found[1]], value)
        for name, value in environment.items()
    }


# ---- compose -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_the_archive_accepts_the_settings_that_compose_gives_it(name: str) -> None:
    settings = load(_filled(SERVICES[name]["environment"]))
    assert settings.public_url == "https://archive.example.com"
    assert settings.database.startswith("postgresql://archive:")


@pytest.mark.parametrize("name", ["api-1", "api-2", "worker", "migrate"])
def test_compose_runs_commands_that_exist(name: str) -> None:
    program, subcommand = SERVICES[name]["command"]
    assert program == "call-archive"
    assert subcommand in cli.commands


def test_only_migrating_knows_the_role_that_owns_the_tables() -> None:
    owning = [name for name in OURS if variable("database_owner") in SERVICES[name]["environment"]]
    assert owning == ["migrate"]
    settings = load(_filled(SERVICES["migrate"]["environment"]))
    assert settings.database_owner.partition(":")[2].startswith("//archive_owner:")


def test_only_workers_can_write_the_index() -> None:
    assert variable("index_key") not in SERVICES["api-1"]["environment"]
    assert variable("index_key") in SERVICES["worker"]["environment"]


def test_two_of_each_run() -> None:
    assert SERVICES["api-1"] == SERVICES["api-2"]
    assert SERVICES["worker"]["deploy"]["replicas"] == 2


def test_nothing_is_published_but_the_proxy() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    beyond = {name for name, service in SERVICES.items() if "front" in service["networks"]}
    assert beyond == {"proxy", "api-1", "api-2"}


def test_the_proxy_alone_is_trusted() -> None:
    settings = load(_filled(SERVICES["api-1"]["environment"]))
    assert settings.proxies == (SERVICES["proxy"]["networks"]["front"]["ipv4_address"],)


def test_the_proxy_asks_each_api_process() -> None:
    caddyfile = (INFRA / "proxy" / "Caddyfile").read_text()
    assert "reverse_proxy api-1:8000 api-2:8000 {" in caddyfile
    assert "health_uri /healthz" in caddyfile


def test_services_wait_for_what_they_need() -> None:
    for name, service in SERVICES.items():
        for needed, condition in service.get("depends_on", {}).items():
            _check_condition(f"{name} on {needed}", SERVICES[needed], condition["condition"])


def _check_condition(where: str, needed: Mapping[str, Any], condition: str) -> None:
    if condition == "service_healthy":
        assert "healthcheck" in needed, where
    elif condition == "service_completed_successfully":
        assert needed["restart"] == "no", where
    else:
        assert condition == "service_started", where


def test_every_volume_and_network_is_declared() -> None:
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        named = {volume.partition(":")[0] for volume in service.get("volumes", []) if volume[0] != "."}
        assert named <= set(COMPOSE["volumes"])


def test_every_mounted_file_and_build_is_there() -> None:
    mounted = [v.partition(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if v[0] == "."]
    builds = [service["build"] for service in SERVICES.values() if "build" in service]
    built = [Path(build["context"]) / build.get("dockerfile", "Dockerfile") for build in builds]
    assert mounted
    assert [str(path) for path in [*mounted, *built] if not (INFRA / path).is_file()] == []


def test_secrets_are_new_each_time_and_all_used() -> None:
    one, another = make("archive.example.com"), make("archive.example.com")
    assert [name for name in one if one[name] == another[name]] == ["PUBLIC_HOST"]
    asked = set(re.findall(r"\$\{(\w+)", (INFRA / "compose.yaml").read_text()))
    assert asked == set(one)


# ---- images --------------------------------------------------------------------------------------------------------


def _images() -> list[str]:
    named = [service["image"] for service in SERVICES.values() if "build" not in service]
    lines = [line for path in DOCKERFILES for line in path.read_text().splitlines()]
    return named + [line.split()[1] for line in lines if line.startswith("FROM ")]


@pytest.mark.parametrize("image", sorted(set(_images())))
def test_images_are_pinned_and_name_no_registry(image: str) -> None:
    name, _, version = image.partition(":")
    assert re.search(r"\d+\.\d+", version)
    assert "." not in name.partition("/")[0]


def test_the_s3_image_is_the_server_that_the_tests_run() -> None:
    assert f"go install {MODULE}@{VERSION}\n" in (INFRA / "containers" / "s3" / "Dockerfile").read_text()


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_containers_do_not_run_as_root(path: Path) -> None:
    last_stage = path.read_text().rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\w+)$", last_stage, re.MULTILINE)
    assert users
    assert "root" not in users


def test_the_archive_image_copies_what_is_there() -> None:
    lines = (INFRA / "containers" / "archive" / "Dockerfile").read_text().splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    assert [source for sources in copies for source in sources if not (ROOT / source).exists()] == []


# ---- systemd -------------------------------------------------------------------------------------------------------


def _unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Section -> key -> values: keys repeat in unit files."""
    sections: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            sections[section] = {}
        elif "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            sections[section].setdefault(key, []).append(value)
    return sections


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_run_commands_that_exist(path: Path) -> None:
    program, subcommand = shlex.split(_unit(path)["Service"]["ExecStart"][0])
    assert Path(program).name == "call-archive"
    assert subcommand in cli.commands


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_need_units_that_exist(path: Path) -> None:
    ours = {unit.name for unit in UNITS}
    named = " ".join(_unit(path)["Unit"].get("Requires", [])).split()
    assert set(named) <= ours


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_do_not_run_as_root(path: Path) -> None:
    service = _unit(path)["Service"]
    assert service["User"] == ["call-archive"]
    assert service["NoNewPrivileges"] == ["yes"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_the_archive_accepts_the_settings_that_units_give_it(path: Path) -> None:
    lines = [value for value in _unit(path)["Service"]["Environment"] if "ARCHIVE_CONFIG" not in value]
    given = dict(line.replace("%i", "8001").split("=", 1) for line in lines)
    settings = load({"ARCHIVE_CONFIG": str(INFRA / "systemd" / "archive.example.toml"), **given})
    assert settings.proxies == ("127.0.0.1",)
