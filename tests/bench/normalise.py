"""What normalising costs: processor time against a plain decode and encode in the same run, and memory.

    python -m tests.bench.normalise               ratios, on half an hour of each kind
    python -m tests.bench.normalise --hours 8     the same and peak memory on a call of 8 hours

Exits 1 when a number of the design is missed.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from msgspec import Struct, json

from archive.adapters.ffmpeg import FFmpegEngine
from archive.calls.sound import AudioLimits
from tests import samples

MAX_RESIDENT_MB = 130


class Kind(Struct, frozen=True):
    name: str
    suffix: str
    options: str
    max_ratio: float


KINDS = (
    Kind("8 kHz mu-law", "wav", "-c:a pcm_mulaw -ar 8000", 1.3),
    Kind("44.1 kHz MP3", "mp3", "-c:a libmp3lame -q:a 4 -ar 44100", 1.7),
)


class Cost(Struct):
    """Processor seconds of ours and of ffmpeg's; the highest resident MB of each, and of both at one time."""

    python_cpu: float
    ffmpeg_cpu: float
    python_mb: float
    ffmpeg_mb: float
    both_mb: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=0.5)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        sys.stdout.buffer.write(json.encode(asyncio.run(_normalise(arguments.one))))
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return max(_report(kind, arguments.hours, Path(folder)) for kind in KINDS)


def _report(kind: Kind, hours: float, folder: Path) -> int:
    source = _long_call(kind, hours, folder)
    floor, cost = _floor(source), _ours(source)
    source.unlink()
    ratio = (cost.python_cpu + cost.ffmpeg_cpu) / floor
    print(f"{kind.name}, {hours:g} h:")
    print(
        f"  decode + encode {floor:.1f} s; ours {cost.ffmpeg_cpu:.1f} s in ffmpeg, {cost.python_cpu:.1f} s in Python"
    )
    print(f"  ratio {ratio:.2f} (at most {kind.max_ratio})")
    print(f"  resident at once {cost.both_mb:.0f} MB (at most {MAX_RESIDENT_MB});", end=" ")
    print(
        f"{cost.python_mb:.0f} MB in Python and {cost.ffmpeg_mb:.0f} MB in ffmpeg at their highest",
        flush=True,
    )
    return int(ratio > kind.max_ratio or cost.both_mb > MAX_RESIDENT_MB)


def _long_call(kind: Kind, hours: float, folder: Path) -> Path:
    source = folder / f"call.{kind.suffix}"
    minute, seconds = folder / f"minute.{kind.suffix}", str(hours * 3600)
    samples.ffmpeg("-stream_loop", "-1", "-i", samples.call(), "-t", "60", *kind.options.split(), minute)
    samples.ffmpeg("-stream_loop", "-1", "-i", minute, "-t", seconds, "-c", "copy", source)
    return source


def _floor(source: Path) -> float:
    """Processor seconds of decoding, resampling and encoding, with nothing looked at."""
    before = _children()
    target = source.with_name("floor.m4a")
    encode = ["-c:a", "aac", "-aac_coder", "fast", "-b:a", "48k", "-ar", "16000"]
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-threads",
        "1",
        "-i",
        str(source),
        *encode,
        str(target),
    ]
    subprocess.run(command, check=True)
    return _children() - before


def _ours(source: Path) -> Cost:
    """In a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "tests.bench.normalise", "--one", str(source)]
    return json.decode(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, type=Cost)


async def _normalise(source: Path) -> Cost:
    engine, before, resident = FFmpegEngine(AudioLimits()), _self(), [0.0]
    watching = asyncio.create_task(_watch(resident))
    analysis = await engine.analyse(source, await engine.probe(source), lambda _: None)
    await engine.render(source, source.with_name("rendition.m4a"), analysis, lambda _: None)
    watching.cancel()
    return Cost(
        python_cpu=_self() - before,
        ffmpeg_cpu=_children(),
        python_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        ffmpeg_mb=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        both_mb=max(resident),
    )


async def _watch(resident: list[float]) -> None:
    """Four times a second, the MB that this process and its children hold together."""
    while True:
        resident.append(sum(map(_resident, ["self", *_child_ids()])))
        await asyncio.sleep(0.25)


def _child_ids() -> list[str]:
    threads = Path("/proc/self/task").iterdir()
    return [child for thread in threads for child in (thread / "children").read_text().split()]


def _resident(process: str) -> float:
    """MB; 0 if it just ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 1024**2


def _self() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
