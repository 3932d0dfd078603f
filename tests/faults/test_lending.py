"""Connections of the hot statements, while the database is away or slow to answer."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import OperationalError
from sqlalchemy import make_url

from evergrant.store.sql.postgres import lend, lender


def test_who_connects_does_not_wait_for_another_who_cannot() -> None:
    """Looking up a grant and a revoked token connect at once after an outage; one of them failing kept the other away
    from the database for half a minute, and everybody was told 503.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor(2) as threads:
        silent.settimeout(20)
        engine = lender(make_url(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"), "")
        attempts = [threads.submit(lend, engine) for _ in range(2)]

        both = [silent.accept()[0] for _ in attempts]

        for arrived in both:
            arrived.close()
        for attempt in attempts:
            with pytest.raises(OperationalError):
                attempt.result(20)
