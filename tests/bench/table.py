"""Tables in Markdown, and their places in docs/benchmarks.md.

A benchmark prints a sentence and a table; what it printed last stands in the document between `<!-- name -->` and
`<!-- /name -->`. What is written around them by hand stays.
"""

import re
from collections.abc import Iterable, Sequence


class NoPlace(Exception):
    """The document has no pair of markers of that name."""


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is words, the others are numbers and stand right."""
    rule = ["---", *("---:" for _ in columns[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def put(document: str, name: str, text: str) -> str:
    """The document with `text` between the markers of that name. Raises `NoPlace`."""
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    place = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    if len(place.findall(document)) != 1:
        raise NoPlace(f"the document must have one {first} … {last}")
    return place.sub(lambda _: f"{first}\n{text.strip()}\n{last}", document)


def shown(printed: str) -> str:
    """What a benchmark printed, as Markdown: an empty line before a table; without a table, as it stands."""
    text = printed.strip("\n")
    if not re.search(r"^\|", text, re.MULTILINE):
        return f"```text\n{text}\n```"
    return re.sub(r"^([^|\n].*)\n\|", r"\1\n\n|", text, flags=re.MULTILINE)
