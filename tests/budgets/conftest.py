"""The whole server over real HTTP, in this process, so that its store and its memory can be watched."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from evergrant.app.settings import load_settings
from evergrant.app.wiring import application, clock
from evergrant.core.durability import Durability
from evergrant.core.ports.store import Store
from evergrant.server.log import open_log
from evergrant.store.open import open_store
from evergrant.store.sql.store import SqlStore
from tests.faults.stock import Stock
from tests.protocol.served import listen, serve_app
from tests.support.postgres import PostgresServer


@dataclass(frozen=True, slots=True)
class Watched:
    """A running server, its store, and its grants from beside it."""

    port: int
    store: SqlStore
    stock: Stock


@pytest.fixture(params=["sqlite", "postgresql"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    """A development server on either database, that logs as ever, into nothing."""
    listener = listen()
    port = listener.getsockname()[1]
    url = f"sqlite:///{tmp_path / 'evergrant.db'}"
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.new_database()
    settings = load_settings(tmp_path, listen={"port": port}, data_dir=str(tmp_path), database={"url": url})
    opened: list[SqlStore] = []

    def store_at(at: str, batches: int, durability: Durability) -> Store:
        store = open_store(at, batches, durability)
        assert isinstance(store, SqlStore)
        opened.append(store)
        return store

    with Path(os.devnull).open("w") as nothing:
        app = application(settings, open_log("json", "info", clock, nothing), store_at=store_at)
        with serve_app(app, listener):
            yield Watched(port, opened[-1], Stock(tmp_path, url))
