"""How long a WAV file says it is. ffprobe answers how long it is instead, which hides that a file was cut off."""

import struct
from pathlib import Path
from typing import BinaryIO

_NOT_KNOWN = frozenset({0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000})
"""Sizes that recorders write while they don't know better, and leave when they stream or crash."""

_MAX_CHUNKS = 64


def missing_seconds(source: Path) -> float:
    """Seconds of sound that the header promises and the file doesn't hold; 0 where it makes no promise.

    https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html
    """
    with source.open("rb") as file:
        if file.read(12)[:4] != b"RIFF":
            return 0.0  # RF64 and others state their sizes elsewhere
        return _missing(file, source.stat().st_size)


def _missing(file: BinaryIO, file_size: int) -> float:
    bytes_per_second = 0
    for _ in range(_MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        kind, size = struct.unpack("<4sI", header)
        if kind == b"data":
            promised = 0 if size in _NOT_KNOWN else size - (file_size - file.tell())
            return max(promised, 0) / bytes_per_second if bytes_per_second else 0.0
        body = file.tell()
        if kind == b"fmt " and len(fmt := file.read(12)) == 12:
            bytes_per_second = struct.unpack_from("<I", fmt, 8)[0]
        file.seek(body + size + size % 2)
    return 0.0
