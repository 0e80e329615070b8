"""How names and typed words meet: keys that say which names are one, and folded words that are looked for."""

from unicodedata import normalize

from sqlalchemy import ColumnElement, false

from archive.calls.documents import folded
from archive.calls.query import MIN_SUFFIX, significant

LONGEST_PHONE = 40
"""Characters that a number is given in, and so more digits than it has."""


def key(name: str) -> str:
    """What two spellings of one name share: no regard to case and outer space."""
    return normalize("NFC", name.strip()).casefold()


def email_key(email: str | None) -> str | None:
    return key(email) if email else None


def words(*texts: str | None) -> str:
    """The folded words of some texts, each after a space."""
    return "".join(f" {word}" for text in texts if text for word in folded(text).split())


def begins(column: ColumnElement[str], typed: str) -> ColumnElement[bool]:
    """Whether a word of the column begins with what was typed, or a run of them with its words. No word: FALSE."""
    wanted = words(typed)
    return column.contains(wanted, autoescape=True) if wanted else false()


def digits(phone: str | None) -> str | None:
    return significant(phone) if phone else None


def reversed_digits(phone: str | None) -> str | None:
    """The last digit first, so that all numbers with one ending stand side by side in an index."""
    return significant(phone)[::-1] if phone else None


def ending(number: str) -> tuple[str, str]:
    """The first and the last of all reversed numbers that end so. Digits alone: any collation puts them in order."""
    return number[::-1], number[::-1] + "9" * LONGEST_PHONE


def typed_digits(typed: str) -> str | None:
    """The digits of a number, where so many were typed that they may be one."""
    found = significant(typed)
    return found if len(found) >= MIN_SUFFIX else None
