"""Runs the benchmarks and writes what they printed into docs/benchmarks.md.

    python -m tests.bench [NAMES] [--quick]      all of them, or those named

`--quick` measures little, prints it, and leaves the document alone. Each benchmark is a program of its own, too.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from infra.setup import ROOT
from tests.bench import machine
from tests.bench.table import put, shown

DOCUMENT = ROOT / "docs" / "benchmarks.md"


class Options(Struct, frozen=True):
    """Of one benchmark's own command line."""

    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)


BENCHMARKS = {
    "upload": Options(),
    "normalise": Options(full=("--hours", "8"), quick=("--hours", "0.05")),
    "search": Options(quick=("--calls", "500")),
    "listen": Options(),
    "events": Options(),
    "paint": Options(),
    "policy": Options(),
    "timing": Options(),
}


def main(words: Sequence[str] | None = None) -> None:
    given = _arguments(words)
    for name in given.names or BENCHMARKS:
        options = BENCHMARKS[name]
        text = shown(_run(name, options.quick if given.quick else options.full))
        print(f"{name}: {text}\n", flush=True)
        if not given.quick:
            _write(DOCUMENT, name, f"{text}\n\nMeasured {machine.facts()}")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAMES", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args(words)
    for name in given.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}, only {', '.join(BENCHMARKS)}")
    return given


def _run(name: str, options: Sequence[str]) -> str:
    """What a benchmark printed, in a process of its own. A missed target is a result and is written down like any
    other, so its exit code isn't asked for; only one that breaks ends this program."""
    program = f"from tests.bench.{name} import main; main()"
    command = [sys.executable, "-c", program, *options]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def _write(document: Path, name: str, text: str) -> None:
    document.write_text(put(document.read_text(encoding="utf-8"), name, text), encoding="utf-8")


if __name__ == "__main__":
    main()
