"""What the search page is asked: its address read leniently, and written again with one thing changed.

A value that makes no sense is left out and named, since a page that somebody mistyped is still worth showing.
"""

from collections.abc import Iterator
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct, structs

from archive.calls.filters import Sort
from archive.errors import Malformed
from archive.http.api.query import Narrowing, phone_ending
from archive.http.pages.times import midnight

MANY = ("partner", "client", "agent", "team", "kind", "direction", "label")
ONE = ("from", "to", "phone", "min_seconds", "max_seconds")


class Asked(Struct, frozen=True, kw_only=True):
    """`filters` are name and value as the address has them, in the order that chips show. `after`: rows before."""

    q: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    sort: Sort = Sort.RELEVANCE
    after: int = 0
    wrong: tuple[str, ...] = ()

    def value(self, name: str) -> str:
        return next((value for key, value in self.filters if key == name), "")

    def has(self, name: str, value: str) -> bool:
        return (name, value) in self.filters

    def without(self, name: str, value: str) -> "Asked":
        return structs.replace(
            self, filters=tuple(one for one in self.filters if one != (name, value)), after=0
        )

    def within(self, name: str, value: str) -> "Asked":
        return structs.replace(self, filters=(*self.filters, (name, value)), after=0)

    @property
    def address(self) -> str:
        pairs = [("q", self.q)] if self.q else []
        pairs += self.filters
        if self.sort is not Sort.RELEVANCE:
            pairs.append(("sort", self.sort.value))
        if self.after:
            pairs.append(("after", str(self.after)))
        return f"/?{urlencode(pairs)}" if pairs else "/"


def read(pairs: list[tuple[str, str]], zone: ZoneInfo) -> Asked:
    asked = Asked(q=_first(pairs, "q").strip())
    wrong = []
    for name, value in _filters(pairs):
        try:
            narrowing(asked.within(name, value), zone)
        except Malformed:
            wrong.append(name)
        else:
            asked = asked.within(name, value) if not asked.has(name, value) else asked
    return structs.replace(
        asked, sort=_sort(_first(pairs, "sort")), after=_count(_first(pairs, "after")), wrong=tuple(wrong)
    )


def narrowing(asked: Asked, zone: ZoneInfo) -> Narrowing:
    """The filters as the API's own. Days begin and end in `zone`; `to` is a day that counts. Raises `Malformed`."""
    given: dict[str, object] = {name: [v for key, v in asked.filters if key == name] for name in MANY}
    given |= {name: asked.value(name) for name in ONE if asked.value(name)}
    phone_ending(asked.value("phone") or None)
    try:
        for name, days in (("from", 0), ("to", 1)):
            if day := asked.value(name):
                given[name] = midnight(day, days, zone)
        return msgspec.convert(given, Narrowing, strict=False)
    except (ValueError, OverflowError) as error:  # msgspec's is a ValueError
        raise Malformed(str(error)) from error


def _filters(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    seen = set()
    for name, value in pairs:
        if value and (name in MANY or (name in ONE and name not in seen)):
            seen.add(name)
            yield name, value


def _first(pairs: list[tuple[str, str]], name: str) -> str:
    return next((value for key, value in pairs if key == name), "")


def _sort(text: str) -> Sort:
    return Sort(text) if text in set(Sort) else Sort.RELEVANCE


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
