"""Transcripts in and out: our JSON, WebVTT, SRT, and text with speakers and times."""

import re
from collections.abc import Callable

from archive.adapters.transcripts import own, plain, srt, vtt
from archive.adapters.transcripts.lines import decoded, lines_of
from archive.calls.transcript import Transcript, TranscriptError, TranscriptFormat

MAX_BYTES = 32 * 1024 * 1024

_READERS: dict[TranscriptFormat, Callable[[str], Transcript]] = {
    TranscriptFormat.JSON: own.read,
    TranscriptFormat.VTT: vtt.read,
    TranscriptFormat.SRT: srt.read,
    TranscriptFormat.TEXT: plain.read,
}
_WRITERS: dict[TranscriptFormat, Callable[[Transcript], str]] = {
    TranscriptFormat.JSON: own.write,
    TranscriptFormat.VTT: vtt.write,
    TranscriptFormat.SRT: srt.write,
    TranscriptFormat.TEXT: plain.write,
}
_DECLARED = {
    "application/json": TranscriptFormat.JSON,
    "text/vtt": TranscriptFormat.VTT,
    "application/x-subrip": TranscriptFormat.SRT,
    "text/srt": TranscriptFormat.SRT,
}
_GENERIC = frozenset({"", "text/plain", "application/octet-stream"})
"""What programs send for any file: the content tells."""

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w-]+)", re.IGNORECASE)
_ARROW = re.compile(r"\s*\d[\d:.,]*\s*-->")


class TranscriptFormats:
    """Implements `archive.ports.TranscriptFormats`. Blocking: 32 MiB take seconds, so call it in a thread."""

    def read(self, data: bytes, content_type: str | None) -> Transcript:
        """Raises `TranscriptError`, and nothing else, whatever the bytes."""
        if len(data) > MAX_BYTES:
            raise TranscriptError("The transcript is larger than 32 MiB. Split the call.")
        media_type, charset = _declared(content_type or "")
        text = decoded(data, charset)
        fmt = _DECLARED.get(media_type) or _recognised(media_type, text)
        return _READERS[fmt](text)

    def write(self, transcript: Transcript, fmt: TranscriptFormat) -> bytes:
        """UTF-8. Words, channels and the language are kept by JSON alone; text gives whole seconds."""
        return _WRITERS[fmt](transcript).encode()


def _declared(content_type: str) -> tuple[str, str | None]:
    charset = _CHARSET.search(content_type)
    return content_type.partition(";")[0].strip().lower(), charset[1] if charset else None


def _recognised(media_type: str, text: str) -> TranscriptFormat:
    if media_type not in _GENERIC:
        known = ", ".join(sorted({*_DECLARED, "text/plain"}))
        raise TranscriptError(f"Transcripts come as one of {known}.")
    if text.lstrip().startswith("WEBVTT"):
        return TranscriptFormat.VTT
    if text.lstrip().startswith("{"):
        return TranscriptFormat.JSON
    return TranscriptFormat.SRT if any(map(_ARROW.match, lines_of(text))) else TranscriptFormat.TEXT
