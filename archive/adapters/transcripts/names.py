"""Speakers written as words: `Anna Berg: Good morning`."""

import re

_LONGEST = 60
_MOST_WORDS = 5
_NUMBER = re.compile(r"\+?[\d ()/-]{5,}")


def is_name(text: str) -> bool:
    """Whether a label before a colon or a time reads as a name, a role or a phone number.

    `Anna van der Berg`, `SPEAKER_00`, `agent` and `+49 30 123456` do; `So I said to him` doesn't: taking a
    sentence for a name would hide its words from search."""
    if len(text) > _LONGEST or ":" in text:
        return False
    words = text.split()
    if not 1 <= len(words) <= _MOST_WORDS:
        return False
    if _NUMBER.fullmatch(text):
        return True
    lower = words[0][0].islower() or words[-1][0].islower()
    return text[0].isalnum() and any(map(str.isalpha, text)) and (len(words) == 1 or not lower)


def split_name(text: str) -> tuple[str | None, str]:
    """The speaker and the words of `Name: words`; None and the whole text where no name leads it."""
    name, colon, words = text.partition(":")
    if colon and words[:1].isspace() and words.strip() and is_name(name.strip()):
        return name.strip(), words.strip()
    return None, text
