"""What the archive knows about a call's sound: facts, levels, talk and shape. Pure data; an `AudioEngine` makes it.

Times are seconds from the first sample. Loudness is in LUFS and true peak in dBTP, both after ITU-R BS.1770-4, each
channel measured alone.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct, json

from archive.errors import ArchiveError

TARGET_LUFS = -19.0
"""Of each channel of a rendition: what listening on a phone or a laptop takes without touching the volume."""

MAX_GAIN = 30.0
MIN_GAIN = -30.0
"""dB. A side quieter than -49 LUFS is mostly line noise: raising it further would only make the noise loud."""

MIN_SILENCE = 0.5
"""Seconds. Shorter pauses belong to speech."""

Span = tuple[float, float]
"""Start and end, in seconds."""


class Refusal(StrEnum):
    """Why a file did not become a rendition. Stable: stored with the call and shown to programs."""

    EMPTY = "empty"
    NOT_AUDIO = "not_audio"
    PLAYLIST = "playlist"
    VIDEO = "video"
    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    CODEC_REFUSED = "codec_refused"
    SEVERAL_TRACKS = "several_tracks"
    TOO_LONG = "too_long"
    TOO_MANY_CHANNELS = "too_many_channels"
    SAMPLE_RATE = "sample_rate"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    ENGINE_FAILED = "engine_failed"


class SoundError(ArchiveError):
    """The recording could not be made playable. Trying again helps only if `retryable`."""

    retryable = False

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class NotAudio(SoundError):
    """The file is something else than a recording."""


class BadAudio(SoundError):
    """The file is a recording, but one that can't be used."""


class EngineTrouble(SoundError):
    """The engine gave up: too slow, no memory or no disk. Another machine, or a quieter hour, may succeed."""

    retryable = True


class AudioLimits(Struct, frozen=True):
    """How much one recording may be, and may cost. Uploads are hostile until decoded."""

    max_seconds: float = 8 * 3600 + 600
    """A working day, and ten minutes for the recorder that was stopped late."""
    max_channels: int = 8
    """One for each person of a small conference."""
    min_sample_rate: int = 4_000
    max_sample_rate: int = 192_000
    """Hz."""
    memory: int = 1 << 30
    """Bytes of address space per process. ffmpeg with one thread needs 0.4 GB to load its libraries and run."""
    base_seconds: float = 120.0
    """Wall clock and processor time that any recording gets, whatever length its header claims."""
    cpu_factor: float = 0.25
    wall_factor: float = 1.0
    """Seconds of processor time, and of wall clock, per claimed second of sound. Measured need: 0.002 to 0.006."""

    def cpu_seconds(self, duration: float) -> float:
        return self.base_seconds + self.cpu_factor * min(duration, self.max_seconds)

    def wall_seconds(self, duration: float) -> float:
        return self.base_seconds + self.wall_factor * min(duration, self.max_seconds)


class AudioFacts(Struct, frozen=True):
    """What the file's headers say; `duration` (seconds) is a claim, and 0 where there is none."""

    container: str
    codec: str
    channels: int
    sample_rate: int
    duration: float


class ChannelSound(Struct, frozen=True):
    """One channel as received."""

    loudness: float | None
    """LUFS, integrated; None if silent."""
    true_peak: float | None
    """dBTP; None if silent."""
    talk: float
    """Share of the call, 0 to 1, in which somebody talks here."""
    clipped: int
    """Samples at the highest level the codec can hold."""


class Peaks(Struct, frozen=True):
    """A waveform: for each pixel and channel the lowest and highest sample, as BBC's audiowaveform writes it.

    https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md
    """

    channels: int
    sample_rate: int
    samples_per_pixel: int
    length: int
    """Pixels."""
    data: bytes
    """Signed bytes: min and max of channel 0, of channel 1 and so on, then the next pixel."""
    bits: int = 8

    def to_json(self) -> bytes:
        return json.encode(
            {
                "version": 2,
                "channels": self.channels,
                "sample_rate": self.sample_rate,
                "samples_per_pixel": self.samples_per_pixel,
                "bits": self.bits,
                "length": self.length,
                "data": memoryview(self.data).cast("b").tolist(),
            }
        )


class Analysis(Struct, frozen=True):
    """What decoding a recording once told about it."""

    duration: float
    """Seconds decoded, whatever the header claimed."""
    channels: tuple[ChannelSound, ...]
    gains: tuple[float, ...]
    """dB per channel that bring it to `TARGET_LUFS`, within `MIN_GAIN` and `MAX_GAIN`; 0 for a silent one."""
    silences: tuple[Span, ...]
    """(start, end) where no channel talks for `MIN_SILENCE` or longer."""
    talk: tuple[tuple[Span, ...], ...]
    """Per channel: (start, end) of what somebody says."""
    peaks: Peaks


def gain_to_target(loudness: float | None) -> float:
    if loudness is None:
        return 0.0
    return round(min(max(TARGET_LUFS - loudness, MIN_GAIN), MAX_GAIN), 2)


def silences_between(talk: Iterable[Sequence[Span]], duration: float) -> tuple[Span, ...]:
    """Where no channel talks, for `MIN_SILENCE` or longer."""
    quiet: list[Span] = []
    heard_until = 0.0
    for start, end in sorted(span for channel in talk for span in channel):
        if start - heard_until >= MIN_SILENCE:
            quiet.append((heard_until, start))
        heard_until = max(heard_until, end)
    if duration - heard_until >= MIN_SILENCE:
        quiet.append((heard_until, duration))
    return tuple(quiet)


def talk_share(spans: Iterable[Span], duration: float) -> float:
    """Share of the call, 0 to 1, that the spans cover; they don't overlap."""
    if duration <= 0:
        return 0.0
    return min(sum(end - start for start, end in spans) / duration, 1.0)
