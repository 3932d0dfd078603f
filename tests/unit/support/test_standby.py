"""The standby of the tests follows, waits, and takes over as a real one does."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.faults.wire import Wire
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.standby import ANY, copy_of, wait_for
from tests.support.waiting import until

KEPT = "SELECT string_agg(word, ' ' ORDER BY word) FROM kept"


@pytest.fixture
def wire(private_postgres: PostgresServer) -> Iterator[Wire]:
    """What the standby hears the primary by."""
    with Wire(private_postgres.port).open() as wire:
        yield wire


@pytest.fixture
def standby(private_postgres: PostgresServer, wire: Wire) -> Iterator[PostgresServer]:
    """It has a table `kept` with the word `before`."""
    private_postgres.do("CREATE TABLE kept (word text)", "INSERT INTO kept VALUES ('before')")
    parent = Path(tempfile.mkdtemp(prefix="pg-", dir=private_postgres.folder.parent))
    parent.chmod(0o755)
    made = copy_of(private_postgres, parent / "pg", free_port(), wire.port)
    yield made
    if made.is_running:
        made.kill()


def test_only_what_the_standby_heard_of_is_acknowledged_and_outlives_the_primary(
    private_postgres: PostgresServer, standby: PostgresServer, wire: Wire
) -> None:
    wait_for(private_postgres, ANY)
    private_postgres.do("INSERT INTO kept VALUES ('heard')")
    to_primary = private_postgres.url.replace("+psycopg", "") + "/postgres"

    with wire.frozen(), closing(psycopg.connect(to_primary)) as connection:
        connection.execute("INSERT INTO kept VALUES ('unheard')")
        connection.pgconn.send_query(b"COMMIT")
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        until(lambda: private_postgres.see(waits), what="the commit waits for the standby")
        private_postgres.kill()
        standby.promote()

    assert standby.see(KEPT) == ("before heard",)
    assert not private_postgres.is_running
    standby.do("INSERT INTO kept VALUES ('afterwards')")
