"""The audio engine: ffmpeg decodes and encodes, numpy and pydub look at what was decoded."""

from archive.adapters.ffmpeg.engine import FFmpegEngine

__all__ = ["FFmpegEngine"]
