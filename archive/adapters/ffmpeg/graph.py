"""ffmpeg filter graphs: each channel of a call is measured, levelled and limited without regard to the others.

Mono stays mono and two sides stay two sides. More than two channels, a conference, are levelled one by one and mixed
to mono: keeping the first two would lose people's words, and browsers play six channels as a room.
"""

from collections.abc import Sequence

RENDITION_RATE = 16_000
"""Hz. Holds all that a wideband call has."""

MEASURING_TAPS = 16
"""Half of swresample's usual: enough for a loudness, and a fifth cheaper."""

LIMIT = 0.82
"""Linear, -1.7 dBFS. alimiter sees samples; the wave between them, and AAC, overshoot: by 0.2 dB on speech."""

_LAYOUTS = {1: "mono", 2: "stereo"}
_LIMITER = f"alimiter=limit={LIMIT}:attack=2:release=15:level=false:latency=true"
"""Short times (ms), or peaks would pull down the words beside them, by 0.3 LU in all. `level` would raise
the result to full scale again; `latency` makes up for the looking ahead."""


def measuring(channels: int, rate: int) -> str:
    """`[pcm]` for Python, and for each channel a filter `ebur128@side<n>`, which logs its summary at the end.

    Loudness is measured within the rendition's band, since nobody will hear what lies above.
    """
    slower = f"aresample={RENDITION_RATE}:filter_size={MEASURING_TAPS}," if rate > RENDITION_RATE else ""
    meters = [f"{side}ebur128@side{channel}=framelog=verbose,anullsink" for channel, side in _sides(channels)]
    return f"{_decoded(channels, rate)},asplit=2[pcm][heard];[heard]{slower}{_split(channels)};" + ";".join(
        meters
    )


def levelling(gains: Sequence[float], rate: int) -> str:
    """`[out]`: each channel raised or lowered by its gain (dB), and limited."""
    channels = len(gains)
    head = f"{_decoded(channels, rate)},aresample={RENDITION_RATE},{_split(channels)}"
    if channels > 2:
        return f"{head};{_mixed(gains)}"
    levelled = [
        f"{side}volume={gains[channel]}dB,{_LIMITER}[l{channel}]" for channel, side in _sides(channels)
    ]
    ends = "".join(f"[l{channel}]" for channel in range(channels))
    join = "join=inputs=2:channel_layout=stereo[out]" if channels == 2 else "anull[out]"
    return ";".join([head, *levelled, ends + join])


def _mixed(gains: Sequence[float]) -> str:
    levelled = [f"{side}volume={gains[channel]}dB[l{channel}]" for channel, side in _sides(len(gains))]
    ends = "".join(f"[l{channel}]" for channel in range(len(gains)))
    return ";".join([*levelled, f"{ends}amix=inputs={len(gains)}:normalize=false,{_LIMITER}[out]"])


def _decoded(channels: int, rate: int) -> str:
    """The call's sound in one shape throughout, even if it changes within the file."""
    layout = f":channel_layouts={_LAYOUTS[channels]}" if channels in _LAYOUTS else ""
    return f"[0:a:0]aformat=sample_rates={rate}{layout}"


def _split(channels: int) -> str:
    """One output `[s<n>]` per channel. By number, since some files name their channels and others don't."""
    if channels == 1:
        return "anull[s0]"
    copies = "".join(f"[c{channel}]" for channel in range(channels))
    picks = [f"[c{channel}]pan=mono|c0=c{channel}[s{channel}]" for channel in range(channels)]
    return ";".join([f"asplit={channels}{copies}", *picks])


def _sides(channels: int) -> list[tuple[int, str]]:
    return [(channel, f"[s{channel}]") for channel in range(channels)]
