"""An archive whose disk fills up: it refuses with a remedy, loses nothing that it acknowledged, and goes on once there
is space. The disk is real, a small tmpfs in a mount namespace of the archive's own."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests import samples
from tests.integration.archives import Archive, Embedded
from tests.integration.conftest import EVERYTHING
from tests.integration.deeds import settled, upload
from tests.processes import Part, PartError, installed

MEGABYTE = 2**20
DISK = 48 * MEGABYTE
MOUNTED = 'mount -t tmpfs -o "size=$1" archive "$0" && shift && exec "$@"'
"""For sh: folder, size in bytes, and a command that then runs on it."""

AGAIN_WITHIN = 120.0
"""The longest pause of a worker that was refused a few times, and its sweep."""


class OnADisk(Embedded):
    """`call-archive up` whose folder is a file system of its own, that nobody else sees."""

    @property
    def command(self) -> list[Part]:
        return [*disk_of_its_own(self.folder, DISK), *super().command]

    @property
    def before(self) -> Sequence[Part]:
        target = ["--target", str(self.up.pid), "--user", "--mount"]
        return (installed("nsenter"), *target, "--preserve-credentials")

    @property
    def filler(self) -> Path:
        """As seen from here, through the process that lives there."""
        return Path(f"/proc/{self.up.pid}/root{self.folder}/filler")

    def fill(self, leaving: int) -> None:
        """Leaves so many bytes free, and with 0 not one."""
        with self.filler.open("wb", buffering=0) as file, Path("/dev/zero").open("rb") as zeros:
            with pytest.raises(OSError, match="No space left"):
                shutil.copyfileobj(zeros, file)
            file.truncate(file.tell() - leaving)

    def free(self) -> None:
        self.filler.unlink()


def disk_of_its_own(folder: Path, size: int) -> list[Part]:
    """What stands before a command that is to have `folder` on a disk of `size` bytes. Raises PartError where the
    machine can't make one."""
    alone: list[Part] = [installed("unshare"), "--user", "--map-root-user", "--mount"]
    tried = subprocess.run(
        [*alone, "sh", "-c", MOUNTED, folder, "4096", "true"], capture_output=True, check=False
    )
    if tried.returncode:
        raise PartError(
            "a disk of its own needs util-linux's unshare and user namespaces that may mount a tmpfs "
            f"(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone): {tried.stderr.decode()}"
        )
    return [*alone, "sh", "-c", MOUNTED, folder, str(size)]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    running = OnADisk(tmp_path_factory.mktemp("disk"))
    try:
        running.start()
        yield running
    finally:
        running.up.stop()


@pytest.fixture(scope="module")
def crm(archive: Archive) -> Iterator[httpx.Client]:
    with archive.integration(EVERYTHING) as client:
        yield client


def test_a_full_disk_refuses_a_recording_and_says_what_to_do(archive: OnADisk, crm: httpx.Client) -> None:
    archive.fill(leaving=0)
    try:
        refused = upload(crm, _sound(), external_id="full")
        _check_refusal(refused)
        assert (crm.get("/readyz").status_code, crm.get("/healthz").status_code) == (503, 200)
    finally:
        archive.free()
    assert _held(crm, "full") == []
    assert _settles(crm, [_acknowledged(crm, "full")]) == {"ready"}


def test_a_disk_that_fills_up_costs_nothing_that_was_acknowledged(
    archive: OnADisk, crm: httpx.Client
) -> None:
    """Recordings, database and index stand on it, and each runs out of space where it happens to be."""
    archive.fill(leaving=MEGABYTE)
    try:
        kept, refused = _until_refused(crm)
        _check_refusal(refused)
    finally:
        archive.free()
    assert kept
    assert [_held(crm, name) for name in kept] == [[uid] for uid in kept.values()]
    assert _held(crm, _name(len(kept))) == []
    assert _settles(crm, [*kept.values(), _acknowledged(crm, _name(len(kept)))]) == {"ready"}


def _until_refused(crm: httpx.Client) -> tuple[dict[str, str], httpx.Response]:
    """What was acknowledged, by external id, and the answer to the first upload that wasn't."""
    kept: dict[str, str] = {}
    while (answer := upload(crm, _sound(), external_id=_name(len(kept)))).status_code == 201:
        kept[_name(len(kept))] = answer.json()["id"]
    return kept, answer


def _name(number: int) -> str:
    return f"filling-{number}"


def _check_refusal(answer: httpx.Response) -> None:
    """By the recordings' store or by the database: each has its own words."""
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert re.match("Free (some )?space", answer.json()["remedy"])


def _acknowledged(crm: httpx.Client, name: str) -> str:
    answer = upload(crm, _sound(), external_id=name)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _settles(crm: httpx.Client, uids: list[str]) -> set[str]:
    """The states in which the calls end. A worker that met the full disk comes back after a pause."""
    return {settled(crm, uid, AGAIN_WITHIN)["state"] for uid in uids}


def _held(crm: httpx.Client, name: str) -> list[str]:
    """The ids of the calls with this external id."""
    return [call["id"] for call in crm.get("/api/v1/calls", params={"external_id": name}).json()["items"]]


def _sound() -> Path:
    return samples.made("sine=frequency=300:sample_rate=8000", 10, "wav", "-c:a pcm_mulaw")
