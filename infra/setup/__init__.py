"""Brings a machine with git, make and Python 3.11 to a running archive.

Standard library only: it runs before anything is installed. Run as ``python3 -m infra.setup PROFILE`` from
the root of the clone. Each step does only what is missing, and remembers what it did by the hash of the files
that it worked from.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
BIN = VENV / "bin"
