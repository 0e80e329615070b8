"""What may be decoded. Everything else in ffmpeg, some 400 demuxers and decoders, is out of an uploader's reach."""

from pathlib import Path

CONTAINERS = {
    "wav": "wav",
    "mp3": "mp3",
    "mov,mp4,m4a,3gp,3g2,mj2": "mp4",
    "aac": "aac",
    "ogg": "ogg",
    "matroska,webm": "webm",
    "flac": "flac",
    "amr": "amr",
    "aiff": "aiff",
    "caf": "caf",
}
"""ffmpeg's name of each demuxer, and ours."""

ACCEPTED = "Send WAV, MP3, M4A, AAC, 3GP, Ogg, WebM, FLAC, AMR, AIFF or CAF."

DECODERS = (
    *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_mulaw", "pcm_alaw"),
    *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "adpcm_yamaha", "g722", "g726"),
    *("gsm", "gsm_ms", "mp3float", "aac", "alac", "flac", "opus", "vorbis", "amrnb", "amrwb"),
)
"""Names of decoders, not of codecs: `mp3float`, not `mp3`."""

COVER_ART = ("mjpeg", "png")
"""ffprobe and ffmpeg open every stream to learn about it, and refuse the file if they may not; we never decode them."""

EXACT_DURATION = frozenset({"wav", "mp4", "webm", "flac", "aiff", "caf"})
"""Containers whose header states how long they are. For the others ffprobe guesses from the bit rate."""


def reading(source: Path) -> list[str]:
    """The input and its fences; they only count before `-i`."""
    return [
        *("-protocol_whitelist", "file,pipe"),
        *("-format_whitelist", ",".join(CONTAINERS)),
        *("-codec_whitelist", ",".join(DECODERS + COVER_ART)),
        *("-i", f"file:{source}"),
    ]


def one_thread_of_ffmpeg() -> list[str]:
    """Threads cost address space, which is limited, and one call needs no more than one."""
    return ["ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-threads", "1", "-filter_complex_threads", "1"]
