"""Which browser on which system, in words, from a user agent: for people to tell their own sessions apart.

A user agent is what a program says of itself, and each names others for old times' sake. Only what is told with
certainty is named; the rest is None. Nothing is decided by it.
"""

from collections.abc import Sequence

from msgspec import Struct


class Device(Struct, frozen=True):
    browser: str | None
    system: str | None


# The first that is found counts: those that call themselves by others' names come first.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str | None) -> Device:
    told = user_agent or ""
    return Device(_first(_BROWSERS, told) or _safari(told), _first(_SYSTEMS, told))


def _first(known: Sequence[tuple[str, str]], told: str) -> str | None:
    return next((name for sign, name in known if sign in told), None)


def _safari(told: str) -> str | None:
    """Everybody on Apple's engine says Safari/; only Safari itself says Version/ too."""
    return "Safari" if "Safari/" in told and "Version/" in told else None
