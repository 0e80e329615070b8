"""MinIO for the tests, built once a machine from its pinned source: its makers publish no programs."""

import os
import tempfile
from pathlib import Path

from infra.setup import BIN
from infra.setup.steps import Step, run

MODULE = "github.com/minio/minio"
VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "call-archive"
PROGRAM = CACHE / "bin" / f"minio-{VERSION}"


def minio() -> Step:
    return Step("MinIO (built from source, once a machine: minutes)", done=PROGRAM.is_file, work=_build)


def _build() -> None:
    """Builds beside the target and renames, so that a program is there whole or not at all.

    CGO off: a machine without a C compiler is enough. The toolchain is the wheel's, never one fetched by Go.
    """
    PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PROGRAM.parent) as folder:
        settings = {"GOBIN": folder, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-trimpath"}
        run([BIN / "go", "install", "-v", f"{MODULE}@{VERSION}"], env=settings)
        (Path(folder) / "minio").replace(PROGRAM)
