"""Lists that programs and people ask for again and again read an index, and not every call there is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from archive.adapters.db.call_filter import conditions
from archive.adapters.db.calls import newest_first, readable
from archive.adapters.db.engines import migration_engine
from archive.calls.filters import CallFilter
from archive.policy.scope import AllCalls
from tests.contract.making import START


@pytest.fixture
def connection(sqlite_url: str) -> Iterator[Connection]:
    """To a database whose planner knows nothing of the rows, as it is until somebody has it count them."""
    with migration_engine(sqlite_url).connect() as opened:
        yield opened


# Of a range with one end SQLite can't know whether it holds few calls or all; there it walks the newest first, which
# also serves a first synchronisation well. PostgreSQL counts, and takes calls_received where few are left.
@pytest.mark.parametrize(
    ("filter", "index"),
    [
        (CallFilter(received_since=START, received_until=START + timedelta(hours=1)), "calls_received"),
        (CallFilter(phone="0123"), "calls_phone"),
        (CallFilter(source="pbx"), "calls_source"),
        (CallFilter(external_id="X"), "calls_external_id"),
        (CallFilter(partners=frozenset({1})), "calls_partner_id"),
        (CallFilter(), "calls_newest"),
    ],
)
def test_a_list_reads_the_index_of_its_filter(connection: Connection, filter: CallFilter, index: str) -> None:
    query = newest_first(readable(AllCalls())).where(*conditions(filter)).limit(50)
    sql = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
    plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    assert f"USING INDEX {index}" in plan[0], plan
