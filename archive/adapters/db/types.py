"""How values stand in columns."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator

from archive.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# SQLite numbers rows itself only in a column that is exactly INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Text(TypeDecorator[str]):
    """A text without NUL, which PostgreSQL has no place for. Raises `Invalid`, on both databases."""

    impl = sqlalchemy.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        if value is not None and "\0" in value:
            raise Invalid("A text may not hold the character NUL.")
        return value


class Moment(TypeDecorator[datetime]):
    """A moment as whole microseconds since 1970, UTC, on both databases: exact, and earlier is always smaller.

    (SQLite has no time type, its texts sort only if all are written alike; and one form means one migration.)
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else moment(value)


class Choice(TypeDecorator[StrEnum]):
    """A member of a StrEnum, as its value."""

    impl = sqlalchemy.Text
    cache_ok = True

    def __init__(self, choices: type[StrEnum]) -> None:
        super().__init__()
        self.choices = choices

    def process_bind_param(self, value: StrEnum | None, _dialect: Dialect) -> str | None:
        return None if value is None else self.choices(value).value

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.choices(value)


class Json(TypeDecorator[Any]):
    """A msgspec value as JSON text; `shape` is what it is read back as. Sets are written in order."""

    impl = sqlalchemy.Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value, order="deterministic").decode()

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value, type=self.shape)


def moment(microseconds: int) -> datetime:
    """The moment so many microseconds after 1970 began, in UTC."""
    return EPOCH + timedelta(microseconds=microseconds)
