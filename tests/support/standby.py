"""A second PostgreSQL server that follows the first by streaming, and can take over. Both on loopback.

The first one is copied and followed through a wire, so that a test can cut the two apart while everybody else still
reaches both: what the first has acknowledged then, the second has not.
"""

from pathlib import Path

from tests.support.postgres import USER, PostgresServer, call, make_folder, programs
from tests.support.waiting import until

ANY = "*"
NOBODY = ""


def copy_of(primary: PostgresServer, folder: Path, port: int, through: int) -> PostgresServer:
    """A server in the new `folder`, on `port`, that follows `primary` by way of the port `through`; it answers reads.

    The primary waits for it in no commit yet: see `wait_for`.
    """
    make_folder(folder)
    call(
        str(programs() / "pg_basebackup"),
        *("-d", f"host=127.0.0.1 port={through} user={USER} application_name={folder.name}"),
        *("-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync"),
    )
    standby = PostgresServer(folder, port)
    standby.start()
    until(
        lambda: primary.see("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'"), what="the standby follows"
    )
    return standby


def wait_for(primary: PostgresServer, standbys: str) -> None:
    """Let every commit wait for a standby (`ANY`), or for none (`NOBODY`): synchronous or asynchronous replication.

    Set after the copy was made, so that a standby that takes over does not wait for one that it does not have.
    """
    primary.do(f"ALTER SYSTEM SET synchronous_standby_names = '{standbys}'", "SELECT pg_reload_conf()")
    wanted = "sync" if standbys else "async"
    question = f"SELECT 1 FROM pg_stat_replication WHERE sync_state = '{wanted}'"
    until(lambda: primary.see(question), what=f"the standby is {wanted}")
