"""Speak turns with espeak-ng's library and report when each word begins.

A program of its own, with nothing but the standard library: JSON turns in on standard input; out, one line of JSON
(sample rate; for each turn its samples and its words' starts), then every turn's 16-bit PCM. The library keeps its
state between turns, so that a fresh process per call is what makes a call sound the same each time. Its command
line would do but for the words' times, which only the library tells.

Library: https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

import ctypes
import json
import sys
from ctypes.util import find_library
from typing import Any

_SYNCHRONOUS = 2
_RATE, _PITCH = 1, 3
_CHARACTERS_UTF8 = 1
_POSITION_CHARACTER = 1
_LIST_ENDS, _WORD = 0, 1
_NAMES = ("libespeak-ng.so.1", "libespeak-ng.1.dylib", "libespeak-ng.dll")


class _Identity(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """The library, opened once; `rate` is its samples a second."""

    def __init__(self) -> None:
        self._library = _open_library()
        self.rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0))
        if self.rate <= 0:
            raise OSError("espeak-ng did not start; are its voices (espeak-ng-data) installed?")
        self._pcm = bytearray()
        self._words: list[tuple[int, int]] = []
        self._callback = _Callback(self._collect)  # kept: the library calls it for as long as we live
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, voice: str, speed: int, pitch: int, text: str) -> tuple[bytes, list[tuple[int, int]]]:
        """PCM, and (index of the character, sample) for the start of each word. Raises ValueError."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        self._library.espeak_SetParameter(_RATE, speed, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        self._pcm.clear()
        self._words.clear()
        data = text.encode()
        size = ctypes.c_size_t(len(data) + 1)
        self._library.espeak_Synth(data, size, 0, _POSITION_CHARACTER, 0, _CHARACTERS_UTF8, None, None)
        return bytes(self._pcm), list(self._words)

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples:
            self._pcm += ctypes.string_at(samples, count * 2)
        index = 0
        while events[index].type != _LIST_ENDS:
            if events[index].type == _WORD and events[index].length:
                self._words.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return 0


def _open_library() -> ctypes.CDLL:
    for name in (*_NAMES, find_library("espeak-ng")):
        try:
            if name:
                return ctypes.CDLL(name)
        except OSError:
            continue
    raise OSError("espeak-ng's library was not found; install espeak-ng")


def main() -> None:
    espeak = Espeak()
    spoken = [espeak.speak(**turn) for turn in json.load(sys.stdin)]
    turns = [{"samples": len(pcm) // 2, "words": words} for pcm, words in spoken]
    out = sys.stdout.buffer
    out.write(json.dumps({"rate": espeak.rate, "turns": turns}).encode() + b"\n")
    out.writelines(pcm for pcm, _ in spoken)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(str(error))
