"""Grants to refresh, written straight to the store of a server in development mode: no sign-in, no password hash."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Row, create_engine, select

from evergrant.app.master_key import keep_master_key
from evergrant.core.credential import SECRET_SIZE, Credentials, Kind, secret_digest
from evergrant.core.facts import Epochs, EventKind, Grant
from evergrant.core.policy import MINUTE, PolicyValue
from evergrant.core.ports.ledger import Done, Opened
from evergrant.core.ports.reader import EventFilter
from evergrant.core.ports.store import RealmStore, Store
from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import ClientId, GrantId, Millis
from evergrant.store.open import open_store
from evergrant.store.schema import grants
from evergrant.store.sql.sqlite import driver
from evergrant.testing.store_contract.facts import DAY, a_pending, an_active
from tests.faults.line import Program
from tests.faults.storm import Chain, grant_of
from tests.support.server import Demo, Server

T = TypeVar("T")
CALLBACK: Final = "http://127.0.0.1/callback"
VERIFIER: Final = "a-verifier-of-forty-three-characters-or-more"
ALARMS = (EventKind.GRANT_REUSED, EventKind.STORE_BEHIND, EventKind.REFRESH_REFUSED, EventKind.RETRY_STREAK)


@dataclass(frozen=True, slots=True)
class Stock:
    """A server's data folder and database, seen from beside it."""

    data_dir: Path
    url: str

    @classmethod
    def of(cls, server: Server) -> "Stock":
        """Of a server process that has started once."""
        url = server.settings.get("EVERGRANT_DATABASE__URL", f"sqlite:///{server.data_dir / 'evergrant.db'}")
        return cls(server.data_dir, url)

    @property
    def program(self) -> Program:
        """The demo's old program: confidential, with Basic."""
        client = Demo.read(self.data_dir).clients["demo-legacy"]
        assert client.client_secret is not None
        return Program(client.client_id, client.client_secret)

    def tokens(self, count: int) -> list[str]:
        """The refresh tokens, generation 1, of so many new grants of `program`."""
        return self._do(lambda store: self._open(store, count, self.program.id))

    def strict(self, count: int) -> tuple[Program, list[str]]:
        """A program whose retries are never redelivered, and so many tokens of its own."""
        strict = Program(f"strict-{os.urandom(4).hex()}", self.program.secret)
        self._do(lambda store: self._add(store, strict.id, {"retry_window": 0}))
        return strict, self._do(lambda store: self._open(store, count, strict.id))

    def codes(self, count: int) -> tuple[Program, list[str], dict[str, str]]:
        """A program of its own with so many codes that nobody has used yet, and what has to be shown with them."""
        coded = Program(f"coded-{os.urandom(4).hex()}", self.program.secret)
        grant_types = frozenset({"authorization_code", "refresh_token"})
        self._do(lambda store: self._add(store, coded.id, {}, grant_types=grant_types, redirect_uris=(CALLBACK,)))
        proof = {"code_verifier": VERIFIER, "redirect_uri": CALLBACK}
        codes = self._do(lambda store: self._open(store, count, coded.id, Kind.CODE))
        return coded, codes, proof

    def rows(self, chains: Sequence[Chain]) -> list[Row[Any, Any, Any]]:
        """State and generation of each chain's grant, past whatever the server remembers."""
        module = {"module": driver()} if self.url.startswith("sqlite") else {}
        engine = create_engine(self.url, **module)
        wanted = [grant_of(chain.token) for chain in chains]
        try:
            with engine.connect() as connection:
                found = connection.execute(
                    select(grants.c.id, grants.c.state, grants.c.generation).where(grants.c.id.in_(wanted))
                )
                by_id = {row.id: row for row in found}
        finally:
            engine.dispose()
        return [by_id[grant_id] for grant_id in wanted]

    def assert_kept(self, chains: Sequence[Chain]) -> None:
        """R-002: what was acknowledged is in the database, and at most the one renewal besides that was asked for.

        Also while they refresh: what they hold is looked at before the rows, and again after.
        """
        before = [chain.acknowledged for chain in chains]
        rows = self.rows(chains)
        kept = [
            (low, row.generation, chain.acknowledged + 1) for low, row, chain in zip(before, rows, chains, strict=True)
        ]
        assert {row.state for row in rows} == {"active"}
        wrong = [one for one in kept if sorted(one) != list(one)]
        assert wrong == [], wrong

    def assert_no_alarm(self, chains: Sequence[Chain]) -> None:
        """No event says that one of them was taken for a thief, or the store for one that forgot."""
        alarms = self._do(lambda store: self._alarms(store, {grant_of(chain.token) for chain in chains}))
        assert alarms == [], alarms

    def _do(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async def on_the_store() -> T:
            store = open_store(self.url)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(on_the_store())

    async def _add(
        self,
        store: Store,
        client_id: str,
        policy: dict[str, PolicyValue],
        **different: Any,  # of the client's own fields
    ) -> None:
        here, _ = await self._default(store)
        like = await here.client(ClientId(self.program.id))
        assert like is not None
        client = replace(like, id=ClientId(client_id), policy=policy, **different)
        assert await here.add_client(client, events=()) == Done()

    async def _open(self, store: Store, count: int, client_id: str, kind: Kind = Kind.REFRESH) -> list[str]:
        here, credentials = await self._default(store)
        client = await here.client(ClientId(client_id))
        (subject, *_) = await here.subjects()
        assert client is not None
        now, realm = Millis(time.time_ns() // 1_000_000), await here.realm()
        epochs = Epochs(realm=realm.epoch, client=client.epoch, subject=subject.epoch)
        opened: list[tuple[Grant, bytes]] = []
        times = dict.fromkeys(("renewed_at", "previous_renewed_at", "used_at", "created_at", "granted_at"), now)
        as_code: dict[str, Any] = {"challenge": challenge_of(VERIFIER), "redirect_uri": CALLBACK}
        for _ in range(count):
            grant_id, secret = GrantId(os.urandom(16)), os.urandom(SECRET_SIZE)
            made = partial(an_active, expires_at=Millis(now + 90 * DAY))
            if kind is Kind.CODE:
                made = partial(a_pending, pending_expires_at=Millis(now + MINUTE), nonce=None, **as_code)
            grant = made(
                grant_id,
                client_id=client.id,
                subject=subject.id,
                key_id=credentials.current_key,
                secret_digest=secret_digest(grant_id, secret),
                scope=Scope.of("profile"),
                resources=(),
                session_id=None,
                epochs=epochs,
                auth_time=now,
                **times,
            )
            opened.append((grant, secret))
        outcomes = await asyncio.gather(
            *(here.open_grant(grant, consent=None, room=None, events=()) for grant, _ in opened)
        )
        assert outcomes == [Opened()] * count
        return [credentials.seal(kind, grant.key_id, grant.id, own, grant.generation).reveal() for grant, own in opened]

    async def _default(self, store: Store) -> tuple[RealmStore, Credentials]:
        (realm,) = [realm for realm in await store.realms() if realm.name == "default"]
        return store.realm_store(realm.id), Credentials(realm.id, keep_master_key(self.data_dir, os.urandom))

    async def _alarms(self, store: Store, about: set[GrantId]) -> list[str]:
        here, _ = await self._default(store)
        events = await here.events(EventFilter(), 10_000)
        return [event.kind for event in events if event.kind in ALARMS and event.grant_id in about]
