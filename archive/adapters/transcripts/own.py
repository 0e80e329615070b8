"""The archive's own JSON, as the HTTP API describes it. Unknown fields are errors."""

import re

import msgspec

from archive.adapters.transcripts.lines import line_after
from archive.calls.transcript import Transcript, TranscriptError, clean_name, tidied

_BYTE = re.compile(r" \(byte (\d+)\)$")


def read(text: str) -> Transcript:
    data = text.encode()
    try:
        return tidied(msgspec.json.decode(data, type=Transcript))
    except msgspec.ValidationError as error:
        raise TranscriptError(f"The JSON isn't a transcript: {_told(error)}.") from None
    except msgspec.DecodeError as error:
        found = _BYTE.search(str(error))
        before = data[: int(found[1]) if found else None].decode(errors="replace")
        raise TranscriptError(
            f"This isn't JSON: {_BYTE.sub('', _told(error))}.", line_after(before)
        ) from None


def _told(error: Exception) -> str:
    """msgspec's sentence, which names the path. It may quote a field's name: so it is cleaned and cut."""
    return clean_name(str(error))[:200]


def write(transcript: Transcript) -> str:
    return msgspec.json.encode(transcript).decode()
