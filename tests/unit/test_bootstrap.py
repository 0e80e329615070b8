"""What is connected is closed again."""

from pathlib import Path

import pytest

from archive.adapters.db.database import SqlDatabase
from archive.adapters.files import FolderStore
from archive.adapters.tantivy import TantivyIndex
from archive.bootstrap import connect
from archive.settings import Settings

pytestmark = pytest.mark.anyio


async def test_each_part_is_closed_even_where_another_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def broken(_: object) -> None:
        raise ZeroDivisionError

    async def noted(part: object) -> None:
        closed.append(type(part).__name__)

    monkeypatch.setattr(TantivyIndex, "close", broken)
    monkeypatch.setattr(FolderStore, "close", noted)
    monkeypatch.setattr(SqlDatabase, "close", noted)
    with pytest.raises(ZeroDivisionError):
        async with connect(Settings(data=str(tmp_path))):
            pass
    assert closed == ["FolderStore", "SqlDatabase"]
