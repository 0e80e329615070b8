"""The text catalogue: every sentence a page or its scripts show, in one file a language."""

import json
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

FOR_SCRIPTS = "script."
"""Keys that begin so travel to the page for its scripts."""

Entry = str | dict[str, str]


class Texts:
    """Looks texts up by key and fills `{names}` in. A counted text has the forms `one` and `other`."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self._for_script = _as_data({k: v for k, v in entries.items() if k.startswith(FOR_SCRIPTS)})

    @classmethod
    def load(cls, path: Path) -> "Texts":
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def __call__(self, key: str, **values: object) -> str:
        """Raises KeyError where the catalogue lacks the key or the text wants a value that isn't given."""
        entry = self._entries[key]
        if isinstance(entry, dict):
            entry = entry["one" if values["count"] == 1 else "other"]
        shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
        return entry.format_map(shown)

    def has(self, key: str) -> bool:
        return key in self._entries

    @property
    def language(self) -> str:
        return self("language")

    def for_script(self) -> Markup:
        """JSON for a `<script type="application/json">`: data, which no policy takes for a script."""
        return self._for_script


def _as_data(entries: Mapping[str, Entry]) -> Markup:
    """`<` is escaped, so that no text can end the element that holds it."""
    return Markup(json.dumps(entries, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704
