"""`FFmpegEngine`: original in, facts, analysis and rendition out."""

from pathlib import Path

from archive.adapters.ffmpeg.analyse import analyse
from archive.adapters.ffmpeg.probe import probe
from archive.adapters.ffmpeg.render import render
from archive.calls.sound import Analysis, AudioFacts, AudioLimits
from archive.ports import Progress


class FFmpegEngine:
    """An `AudioEngine`. `source` is a fixed name in a folder of its own: ffmpeg never sees what the uploader called it.

    Every method raises `SoundError` with a sentence for people, and leaves no process behind when cancelled.
    """

    engine = "ffmpeg-1"
    """Raise the number when the same original would sound or measure differently."""

    def __init__(self, limits: AudioLimits) -> None:
        self._limits = limits

    async def probe(self, source: Path) -> AudioFacts:
        return await probe(source, self._limits)

    async def analyse(self, source: Path, facts: AudioFacts, progress: Progress) -> Analysis:
        return await analyse(source, facts, self._limits, progress)

    async def render(self, source: Path, target: Path, analysis: Analysis, progress: Progress) -> None:
        await render(source, target, analysis, self._limits, progress)
