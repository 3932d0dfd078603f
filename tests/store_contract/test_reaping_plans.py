"""A batch of the reaper touches what it deletes, and nothing else, whatever PostgreSQL believes about the table.

Its statistics are older than a tenth of the table as a rule: somebody ends all grants of a client, and PostgreSQL
goes on believing that hardly any grant is revoked. A batch of 500 then took 6 s where 100,000 were over.
"""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, create_engine, text

from evergrant.store import schema
from evergrant.store.open import open_store
from evergrant.store.sql.reaper import GRANTS
from evergrant.testing.store_contract.facts import a_realm, an_active, grant_id
from evergrant.testing.store_contract.tenant import settle

ROWS = 20_000
BATCH = 50
NOW = 1_000_000

STATES = {
    "pending_before": "state = 'pending', pending_expires_at = number",
    "revoked_before": "state = 'revoked', revoked_at = number, revoked_by = 'operator', revoked_reason = 'by_operator'",
    "expired_before": "expires_at = number",
}


@pytest.fixture
async def many(postgresql_url: str) -> None:
    """Live grants, copied from one that the store wrote."""
    store = open_store(postgresql_url)
    tenant = await settle(store, a_realm())
    await tenant.opened(an_active(grant_id(1)))
    await store.close()
    names = [column.name for column in schema.grants.columns]
    own = {"id": "decode(md5(i::text), 'hex')", "retries": "i % 256", "expires_at": str(NOW * 1000)}
    values = ", ".join(own.get(name, name) for name in names)
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO grants ({', '.join(names)}) SELECT {values} FROM grants, generate_series(1, {ROWS}) i")
        )
        connection.execute(text("ALTER TABLE grants SET (autovacuum_enabled = off)"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE grants"))
    engine.dispose()


@pytest.fixture
async def connection(postgresql_url: str, many: None) -> AsyncIterator[Connection]:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def plan(connection: Connection, kind: str) -> str:
    """How PostgreSQL carries out one batch, with the rows that it looked at."""
    compiled = dict(GRANTS)[kind].compile(dialect=connection.dialect)
    (realm,) = connection.execute(text("SELECT id FROM realms")).one()
    values = {**compiled.params, "this_realm": realm, "before": NOW, "most": BATCH}
    lines = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {compiled}", values)
    return "\n".join(line for (line,) in lines)


@pytest.mark.parametrize("statistics", ["old", "new"])
@pytest.mark.parametrize("kind", list(STATES))
async def test_a_batch_of_the_reaper_reads_only_what_it_deletes(
    connection: Connection, kind: str, statistics: str
) -> None:
    """So that reaping a backlog takes time in proportion to the backlog, and not to its square."""
    connection.execute(
        text(
            f"UPDATE grants SET {STATES[kind]} FROM (SELECT id AS one, row_number() OVER () AS number FROM grants) rows"
            " WHERE id = one AND retries < 128"
        )
    )
    if statistics == "new":
        connection.execute(text("ANALYZE grants"))
    told = plan(connection, kind)
    assert "Seq Scan" not in told, told
    looked_at = [int(rows) * int(loops) for rows, loops in re.findall(r"actual rows=(\d+)\S* loops=(\d+)", told)]
    assert max(looked_at) <= BATCH, told
    assert "Removed" not in told, told
