"""Bytes to text, text to numbered lines and blocks: what all line-based formats share."""

import codecs
import re
from collections.abc import Iterator
from typing import NamedTuple

from archive.calls.transcript import TranscriptError, check_length

MAX_LINES = 2_000_000
"""Ten lines a segment. Without it, 32 MiB of empty lines would fill gigabytes of memory."""

_BREAK = re.compile(r"\r\n|\r|\n")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CHARSETS = {
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
"""Declared charsets other than UTF-8. ISO 8859-1 means windows-1252, as on the web (WHATWG Encoding)."""


class Block(NamedTuple):
    """Lines up to an empty one; `line` is the number of the first, from 1."""

    line: int
    lines: list[str]


def decoded(data: bytes, charset: str | None = None) -> str:
    """The text by its byte order mark, else by the declared charset, else UTF-8.

    Nothing is guessed: in a one-byte encoding every file of garbage would pass for text."""
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)),
        (b"", _CHARSETS.get((charset or "").lower(), "utf-8")),
    )
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        at = len(mark) + error.start
        raise TranscriptError(
            f"Byte {at} (0x{data[at]:02X}) isn't {encoding} text. Save the file as UTF-8.",
            line_after(data[len(mark) : at].decode(encoding, "replace")),
        ) from None
    before, zero, _ = text.partition("\0")
    if zero:
        raise TranscriptError("A zero byte: this isn't text. Save the file as UTF-8.", line_after(before))
    return text


def line_after(before: str) -> int:
    """The line, from 1, of what stands right after this text."""
    return 1 + sum(1 for _ in _BREAK.finditer(before))


def lines_of(text: str) -> Iterator[str]:
    """The lines of WebVTT and of text editors; other characters that Python calls breaks stay inside.

    One by one: a list of them takes many times the memory of the text."""
    if max(text.count("\n"), text.count("\r")) > MAX_LINES:
        raise TranscriptError(f"The transcript has more than {MAX_LINES:,} lines. Split the call.")
    at, number = 0, 1
    for number, found in enumerate(_BREAK.finditer(text), start=1):
        check_length(found.start() - at, number)
        yield text[at : found.start()]
        at = found.end()
    check_length(len(text) - at, number + 1)
    yield text[at:]


def blocks(text: str) -> Iterator[Block]:
    block, length = Block(1, []), 0
    for number, line in enumerate(lines_of(text), start=1):
        if line.strip():
            block.lines.append(line)
            length += len(line)
            check_length(length, block.line)
            continue
        if block.lines:
            yield block
        block, length = Block(number + 1, []), 0
    if block.lines:
        yield block
