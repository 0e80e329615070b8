"""Naming what is no recording, from its first bytes, so that a person knows what went wrong."""

import struct
from pathlib import Path
from typing import BinaryIO

from archive.adapters.ffmpeg.accepted import ACCEPTED
from archive.calls.sound import NotAudio, Refusal

HEAD_BYTES = 4096
MOOV_BYTES = 16 << 20

_PLAYLISTS = (b"#EXTM3U", b"ffconcat version", b"[playlist]", b"<asx", b"v=0\r\n", b"v=0\n")
_ENCRYPTED = {
    b"Salted__": "encrypted by OpenSSL",
    b"age-encryption.org/": "encrypted by age",
    b"-----BEGIN AGE ENCRYPTED FILE": "encrypted by age",
    b"-----BEGIN PGP MESSAGE": "encrypted by PGP",
}
_KINDS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_PROTECTED_ENTRIES = (b"enca", b"drms", b"aavd")
"""Sample entries of MP4: common encryption, FairPlay, Audible."""


def not_audio(source: Path, demuxer: str | None = None) -> NotAudio:
    """The refusal that fits the bytes; `demuxer` is what ffmpeg took them for, where it did."""
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(_PLAYLISTS) or b"<MPD" in head or demuxer in {"hls", "concat", "dash", "sdp"}:
        return NotAudio(Refusal.PLAYLIST, "This is a playlist, not a recording. Send the recording itself.")
    for magic, how in _ENCRYPTED.items():
        if text.startswith(magic):
            return encrypted(how)
    return NotAudio(Refusal.NOT_AUDIO, f"{_sentence(head, text, demuxer)} {ACCEPTED}")


def encrypted(how: str) -> NotAudio:
    return NotAudio(Refusal.ENCRYPTED, f"This file is {how}. Send it decrypted.")


def _sentence(head: bytes, text: bytes, demuxer: str | None) -> str:
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            return f"This is {kind}, not a recording."
    if text[:1] == b"<":
        return "This is a web page or an XML document, not a recording."
    if demuxer is not None:
        return f"This is a file of the kind {demuxer!r}, which isn't accepted."
    if _is_text(head):
        return "This is text, not a recording."
    return "This is no recording that could be recognised; it may be encrypted or damaged."


def _is_text(head: bytes) -> bool:
    try:
        decoded = head.decode()
    except UnicodeDecodeError as error:
        decoded = (
            head[: error.start].decode() if error.start > len(head) - 4 else "\0"
        )  # cut inside a character
    return all(character.isprintable() or character.isspace() for character in decoded)


def is_protected_mp4(source: Path) -> bool:
    """Whether the sound in an MP4 is encrypted. ffprobe 5.1 hides it, and decoding gives noise."""
    with source.open("rb") as file:
        moov = _box(file, b"moov")
    return b"sinf" in moov and any(entry in moov for entry in _PROTECTED_ENTRIES)


def _box(file: BinaryIO, wanted: bytes) -> bytes:
    """The body of the first box of that type at the top of the file (ISO/IEC 14496-12, 4.2)."""
    while len(header := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", header)
        body = size - 8
        if size == 1:
            body = struct.unpack(">Q", file.read(8).rjust(8, b"\0"))[0] - 16
        if kind == wanted:
            return file.read(min(max(body, 0), MOOV_BYTES) if size else MOOV_BYTES)
        if size == 0 or body < 0:
            break
        file.seek(body, 1)
    return b""
