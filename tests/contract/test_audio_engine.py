"""What the story expects of an audio engine, on real speech in every accepted format."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archive.adapters.ffmpeg import FFmpegEngine
from archive.calls.sound import TARGET_LUFS, Analysis, AudioLimits, EngineTrouble, Refusal
from archive.ports import AudioEngine
from tests import samples

pytestmark = pytest.mark.anyio

PLACED = ["wav-pcm16", "wav-mulaw", "mp3-cbr"]


@pytest.fixture
def engine() -> AudioEngine:
    return FFmpegEngine(AudioLimits())


def ignored(_: float) -> None: ...


async def analysed(engine: AudioEngine, source: Path) -> Analysis:
    return await engine.analyse(source, await engine.probe(source), ignored)


async def rendered(engine: AudioEngine, source: Path, target: Path) -> Analysis:
    analysis = await analysed(engine, source)
    await engine.render(source, target, analysis, ignored)
    return analysis


def independently_measured(path: Path, channels: int) -> list[tuple[float, float]]:
    """(LUFS, dBTP) of each channel, by an ffmpeg run of the test's own."""
    sides = ";".join(
        f"[0:a]pan=mono|c0=c{channel},ebur128@c{channel}=peak=true:framelog=verbose[o{channel}]"
        for channel in range(channels)
    )
    outputs = [part for channel in range(channels) for part in ("-map", f"[o{channel}]", "-f", "null", "-")]
    ran = subprocess.run(
        [
            "ffmpeg",
            "-hide_banner",
            "-nostdin",
            "-nostats",
            "-i",
            str(path),
            "-filter_complex",
            sides,
            *outputs,
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.findall(r"\[ebur128@c(\d) .*?I: +(\S+) LUFS.*?Peak: +(\S+) dBFS", ran.stderr, re.DOTALL)
    last = {int(channel): (float(loudness), float(peak)) for channel, loudness, peak in found}
    return [last[channel] for channel in range(channels)]


@pytest.mark.parametrize("name", samples.FORMATS)
async def test_every_accepted_format_is_probed_analysed_and_rendered(
    engine: AudioEngine, name: str, tmp_path: Path
) -> None:
    expected, source = samples.FORMATS[name], samples.in_format(name)
    target = tmp_path / "rendition.m4a"

    facts = await engine.probe(source)
    analysis = await rendered(engine, source, target)

    assert (facts.container, facts.codec, facts.channels, facts.sample_rate) == (
        expected.container,
        expected.codec,
        expected.channels,
        expected.sample_rate,
    )
    assert analysis.duration == pytest.approx(samples.CALL_SECONDS, abs=0.2)
    made = await engine.probe(target)
    assert (made.container, made.codec, made.channels, made.sample_rate) == (
        "mp4",
        "aac",
        expected.channels,
        16_000,
    )
    for loudness, peak in independently_measured(target, expected.channels):
        assert loudness == pytest.approx(TARGET_LUFS, abs=0.5)
        assert peak <= -0.9


async def test_amr_is_probed_analysed_and_rendered(engine: AudioEngine, tmp_path: Path) -> None:
    facts = await engine.probe(samples.amr())
    analysis = await rendered(engine, samples.amr(), tmp_path / "rendition.m4a")

    assert (facts.container, facts.codec, facts.channels, facts.sample_rate) == ("amr", "amr_nb", 1, 8_000)
    assert analysis.duration == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("gain", [-24.0, -6.0, 20.0])
async def test_two_sides_of_any_level_end_up_equally_loud(
    engine: AudioEngine, gain: float, tmp_path: Path
) -> None:
    await rendered(engine, samples.call(gain), tmp_path / "rendition.m4a")

    for loudness, peak in independently_measured(tmp_path / "rendition.m4a", 2):
        assert loudness == pytest.approx(TARGET_LUFS, abs=0.5)
        assert peak <= -0.9


async def test_the_analysis_says_how_loud_each_side_was(engine: AudioEngine) -> None:
    analysis = await analysed(engine, samples.call())

    for side, (loudness, peak) in zip(
        analysis.channels, independently_measured(samples.call(), 2), strict=True
    ):
        assert side.loudness == pytest.approx(loudness, abs=0.3)
        assert side.true_peak == pytest.approx(peak, abs=0.3)
        assert side.clipped == 0


@pytest.mark.parametrize("name", PLACED)
async def test_the_analysis_says_who_talks_when(engine: AudioEngine, name: str) -> None:
    analysis = await analysed(engine, samples.in_format(name))

    agent, client = analysis.talk
    assert agent[0][0] < 0.3
    assert agent[-1][1] < samples.CLIENT_STARTS
    assert client[0][0] == pytest.approx(samples.CLIENT_STARTS, abs=0.3)
    assert any(start < samples.CLIENT_STARTS - 0.1 < end for start, end in analysis.silences)
    assert 0.2 < analysis.channels[0].talk < 0.6


async def test_the_waveform_rises_where_somebody_talks(engine: AudioEngine) -> None:
    peaks = (await analysed(engine, samples.call())).peaks

    pixels = memoryview(peaks.data).cast("b").tolist()
    agent_high, client_high = pixels[1::4], pixels[3::4]
    turn = int(samples.CLIENT_STARTS * peaks.sample_rate / peaks.samples_per_pixel)
    assert peaks.length == len(agent_high) == samples.CALL_SECONDS * 20
    assert max(agent_high[:turn]) > 40
    assert max(agent_high[turn + 1 :]) < 2
    assert max(client_high[:turn]) == 0 < max(client_high[turn:])


async def test_mono_stays_mono(engine: AudioEngine, tmp_path: Path) -> None:
    analysis = await rendered(engine, samples.speech(), tmp_path / "rendition.m4a")

    assert len(analysis.channels) == len(analysis.gains) == 1
    assert (await engine.probe(tmp_path / "rendition.m4a")).channels == 1


async def test_a_conference_is_levelled_speaker_by_speaker_and_mixed_to_mono(
    engine: AudioEngine, tmp_path: Path
) -> None:
    source = tmp_path / "conference.wav"
    turns = "[0]asplit=3[a][b][c];[a]apad=whole_dur=18[x];[b]volume=-12dB,adelay=6000,apad=whole_dur=18[y];"
    turns += "[c]volume=-24dB,adelay=12000,apad=whole_dur=18[z];[x][y][z]join=inputs=3:channel_layout=3.0[o]"
    samples.ffmpeg("-i", samples.speech(), "-filter_complex", turns, "-map", "[o]", "-t", "18", source)

    analysis = await rendered(engine, source, tmp_path / "rendition.m4a")
    mixed = await analysed(engine, tmp_path / "rendition.m4a")

    assert len(analysis.channels) == len(analysis.talk) == 3
    assert len(mixed.channels) == 1
    assert [any(start < at + 1 < end for start, end in mixed.talk[0]) for at in (0, 6, 12)] == [True] * 3
    assert mixed.channels[0].loudness == pytest.approx(TARGET_LUFS, abs=0.5)


async def test_a_silent_call_is_kept_as_it_is(engine: AudioEngine, tmp_path: Path) -> None:
    source = samples.made("anullsrc=r=8000:cl=stereo", 3)

    analysis = await rendered(engine, source, tmp_path / "rendition.m4a")

    assert [side.loudness for side in analysis.channels] == [None, None]
    assert [side.true_peak for side in analysis.channels] == [None, None]
    assert analysis.gains == (0.0, 0.0)
    assert analysis.silences == ((0.0, 3.0),)


async def test_a_recording_of_a_blink_is_kept(engine: AudioEngine, tmp_path: Path) -> None:
    analysis = await rendered(engine, samples.made("sine=r=8000", 0.1), tmp_path / "rendition.m4a")

    assert analysis.duration == pytest.approx(0.1)
    assert analysis.channels[0].loudness is not None


async def test_clipping_is_counted(engine: AudioEngine) -> None:
    loud = samples.made("sine=r=8000", 1, options="-af volume=30dB")
    loud_mulaw = samples.made("sine=r=8000", 1, options="-af volume=30dB -c:a pcm_mulaw")

    assert (await analysed(engine, loud)).channels[0].clipped > 4000
    assert (await analysed(engine, loud_mulaw)).channels[0].clipped > 4000


async def test_a_picture_on_the_cover_does_no_harm(engine: AudioEngine, tmp_path: Path) -> None:
    picture, source = samples.made("color=red:s=64x64:d=1", 1, "png", "-frames:v 1"), tmp_path / "cover.mp3"
    cover = ["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-disposition:v", "attached_pic"]
    samples.ffmpeg("-i", samples.call(), "-i", picture, *cover, source)

    analysis = await rendered(engine, source, tmp_path / "rendition.m4a")

    assert analysis.duration == pytest.approx(samples.CALL_SECONDS, abs=0.2)


async def test_the_index_comes_first_so_that_a_browser_can_seek_at_once(
    engine: AudioEngine, tmp_path: Path
) -> None:
    await rendered(engine, samples.call(), tmp_path / "rendition.m4a")

    written = (tmp_path / "rendition.m4a").read_bytes()
    assert written[8:12] == b"M4A "
    assert 0 < written.index(b"moov") < written.index(b"mdat")


async def test_sound_is_where_it_was(engine: AudioEngine, tmp_path: Path) -> None:
    original = await rendered(engine, samples.call(), tmp_path / "rendition.m4a")
    made = await analysed(engine, tmp_path / "rendition.m4a")

    for before, after in zip(original.talk, made.talk, strict=True):
        assert after[0][0] == pytest.approx(before[0][0], abs=0.05)


async def test_the_same_original_gives_the_same_bytes_and_nothing_of_its_tags(
    engine: AudioEngine, tmp_path: Path
) -> None:
    source = tmp_path / "tagged.mp3"
    samples.ffmpeg("-i", samples.call(), "-metadata", "title=Private matter", source)

    await rendered(engine, source, tmp_path / "one.m4a")
    await rendered(engine, source, tmp_path / "two.m4a")

    assert (tmp_path / "one.m4a").read_bytes() == (tmp_path / "two.m4a").read_bytes()
    assert b"Private" not in (tmp_path / "one.m4a").read_bytes()


async def test_progress_rises_to_one(engine: AudioEngine, tmp_path: Path) -> None:
    source, told = samples.made("sine=r=8000", 150), list[float]()
    analysis = await engine.analyse(source, await engine.probe(source), told.append)

    assert told == sorted(told)
    assert told[:2] == pytest.approx([0.4, 0.8])
    assert told[-1] == 1.0
    told.clear()
    await engine.render(source, tmp_path / "rendition.m4a", analysis, told.append)
    assert told[-1] == 1.0
    assert all(0.0 <= share <= 1.0 for share in told)


def children() -> set[str]:
    threads = Path("/proc/self/task").iterdir()
    return {child for thread in threads for child in (thread / "children").read_text().split()}


async def test_cancelling_leaves_no_process_behind(engine: AudioEngine) -> None:
    source, before, heard = samples.made("sine=r=8000", 150), children(), asyncio.Event()
    facts = await engine.probe(source)
    working = asyncio.ensure_future(engine.analyse(source, facts, lambda _: heard.set()))
    await heard.wait()

    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert children() == before


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (AudioLimits(base_seconds=0.01, wall_factor=0.0), Refusal.TIMEOUT),
        (AudioLimits(memory=48 << 20), Refusal.OUT_OF_MEMORY),
    ],
)
async def test_what_costs_too_much_is_stopped(limits: AudioLimits, code: Refusal) -> None:
    source, before = samples.made("sine=r=8000", 150), children()
    facts = await FFmpegEngine(AudioLimits()).probe(source)

    with pytest.raises(EngineTrouble) as refused:
        await FFmpegEngine(limits).analyse(source, facts, ignored)

    assert (refused.value.code, refused.value.retryable) == (code, True)
    assert children() == before


@pytest.mark.parametrize("present", [["setpriv", "prlimit"], []])
async def test_without_ffmpeg_the_engine_says_so(
    engine: AudioEngine, present: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = samples.call()
    for program in present:
        (tmp_path / program).symlink_to(shutil.which(program) or program)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EngineTrouble) as refused:
        await engine.probe(source)

    assert refused.value.code == Refusal.ENGINE_FAILED
