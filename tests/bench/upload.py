"""What taking in a large recording costs, against hashing and copying the same file: `sha256sum FILE && cp FILE COPY`.

    python -m tests.bench.upload [--quick]      1 GB, or 128 MB

The whole way: HTTP from another process, multipart, hash, store, row and event. The archive flushes a recording to
the disk before it answers, and `cp` doesn't: the second ratio is against a copy that is flushed, too.
"""

import argparse
import http.client
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.rounds import in_turn, middle, ratio, seconds
from tests.bench.serving import BUCKET, Api, minio, s3_settings, serving
from tests.bench.table import markdown
from tests.parts import s3_client

ROUNDS = 5
SIZE, QUICK_SIZE = 2**30, 2**27
SMALL = 2**24

COLUMNS = (
    "store",
    "against sha256sum + cp",
    "against sha256sum + cp, flushed",
    "archive s",
    "sha256sum + cp s",
    "flushed s",
    "API resident MB at rest",
    "peak at 16 MB",
    "peak at this size",
)
HEAD = (
    b'--bench\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
    b'{"started_at": "2026-11-02T09:14:00Z"}\r\n'
    b'--bench\r\nContent-Disposition: form-data; name="audio"; filename="call.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n"
)
TAIL = b"\r\n--bench--\r\n"


class Sender:
    """Sends files as the system's own `sendfile` does, to leave the processor to the archive."""

    def __init__(self, api: Api) -> None:
        self._port = api.port
        self._authorization = api.integration("upload")

    def __call__(self, source: Path) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        connection.putrequest("POST", "/api/v1/calls")
        connection.putheader("Host", f"localhost:{self._port}")
        connection.putheader("Authorization", self._authorization)
        connection.putheader("Content-Type", "multipart/form-data; boundary=bench")
        connection.putheader("Content-Length", str(len(HEAD) + source.stat().st_size + len(TAIL)))
        connection.endheaders(HEAD)
        assert isinstance(connection.sock, socket.socket)
        with source.open("rb") as file:
            connection.sock.sendfile(file)
        connection.send(TAIL)
        answer = connection.getresponse()
        assert answer.status == http.client.CREATED, answer.read()
        connection.close()


class Memory:
    """Resident memory of a process, in MB; see proc(5)."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def peak_of(self, work: Callable[[], object]) -> float:
        (self._folder / "clear_refs").write_text("5")  # the peak begins anew
        work()
        return self._figure("VmHWM")

    def now(self) -> float:
        return self._figure("VmRSS")

    def _figure(self, name: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    size = QUICK_SIZE if parser.parse_args().quick else SIZE
    with TemporaryDirectory(prefix="bench-") as folder:
        large, small = _recording(Path(folder), size), _recording(Path(folder), SMALL)
        rows = [_row(name, api, empty, large, small) for name, api, empty in _stores()]
    print(f"One recording of {size // 2**20} MB; the median of {ROUNDS} rounds.")
    print(markdown(COLUMNS, rows))


def _row(name: str, api: Api, empty: Callable[[], None], large: Path, small: Path) -> tuple[str, ...]:
    send, memory, peaks = Sender(api), Memory(api.program.pid), list[float]()
    rest, peak_small = memory.now(), memory.peak_of(partial(send, small))

    def ours() -> float:
        took = seconds(lambda: peaks.append(memory.peak_of(partial(send, large))))
        empty()
        return took

    ways = (ours, partial(_copied, large), partial(_copied, large, flush=True))
    own, copied, flushed = in_turn(ROUNDS, *(partial(_settled, way) for way in ways))
    ratios = (f"{ratio(own, copied):.2f}", f"{ratio(own, flushed):.2f}")
    times = (f"{middle(times):.2f}" for times in (own, copied, flushed))
    return (name, *ratios, *times, *(f"{size:.0f}" for size in (rest, peak_small, max(peaks))))


def _settled(way: Callable[[], float]) -> float:
    """Nothing that an earlier way wrote is still on its way to the disk."""
    os.sync()
    return way()


def _stores() -> Iterator[tuple[str, Api, Callable[[], None]]]:
    """Each with what empties it."""
    with serving({}) as api:
        yield "folder", api, partial(shutil.rmtree, api.folder / "recordings" / "originals")
    with minio() as account, serving(s3_settings(account)) as api:
        client = s3_client(account)

        def empty() -> None:
            for found in client.list_objects(BUCKET, recursive=True):
                client.remove_object(BUCKET, str(found.object_name))

        yield "MinIO", api, empty


def _copied(source: Path, *, flush: bool = False) -> float:
    copy = source.with_suffix(".copy")
    commands: list[list[str | Path]] = [["sha256sum", source], ["cp", source, copy]]
    if flush:
        commands.append(["sync", copy])

    def work() -> None:
        for command in commands:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    took = seconds(work)
    copy.unlink()
    return took


def _recording(folder: Path, size: int) -> Path:
    """Noise, that nothing can compress."""
    path = folder / f"{size}.wav"
    with path.open("wb") as file:
        for _ in range(size // SMALL):
            file.write(os.urandom(SMALL))
    return path


if __name__ == "__main__":
    main()
