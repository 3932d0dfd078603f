"""Sets a scene up and takes it down: real servers on SQLite or PostgreSQL, rough wires, and grants for everybody."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.line import Program
from tests.faults.stock import Stock
from tests.faults.storm import grant_of
from tests.faults.turnstile import Turnstile
from tests.faults.wire import Wire
from tests.support.postgres import PostgresServer
from tests.support.server import Server
from tests.support.shared_clock import SharedClock
from tests.torture.clients import Crowd, Session, Temper
from tests.torture.faults.rough_wire import RoughWire
from tests.torture.faults.scene import Scene
from tests.torture.ledger import Ledger

WINDOW: Final = 60_000_000
"""The retry window that clients have by default, in microseconds."""

MOST_CODES: Final = 100
"""A subject has at most 200 grants of one client: more exchanges would end the first ones, by policy."""


@dataclass(frozen=True, slots=True)
class Cast:
    """How many clients there are, how many sessions they have among them, and of what temper they are."""

    clients: int = 24
    sessions: int = 160
    temper: Temper = field(default_factory=Temper)


def sessions(stock: Stock, ledger: Ledger, cast: Cast, chance: Random) -> list[Session]:
    """One in eight is of a client without retry window, one in five begins with a code; all are in the ledger."""
    strict, coded = cast.sessions // 8, min(MOST_CODES, cast.sessions // 5)
    found = [Session.of(stock.program, token) for token in stock.tokens(cast.sessions - strict - coded)]
    program, codes, proof = stock.codes(coded)
    found += [Session(grant_of(code).hex(), program, {0: code}, proof) for code in codes]
    for session in found:
        ledger.open(session.grant, session.newest, WINDOW)
    program, tokens = stock.strict(strict)
    for token in tokens:
        found.append(Session.of(program, token))
        ledger.open(found[-1].grant, 1, 0)
    chance.shuffle(found)
    return found


def crowd(stock: Stock, ledger: Ledger, ports: list[int], cast: Cast, seed: int) -> Crowd:
    """Clients with sessions, who know these ports."""
    held = sessions(stock, ledger, cast, Random(f"{seed}/sessions"))
    return Crowd(ledger, ports, held, a_stranger(stock), clients=cast.clients, seed=seed, temper=cast.temper)


@contextmanager
def on_sqlite(folder: Path, ledger: Ledger, cast: Cast, seed: int, *, clocks: bool = False) -> Iterator[Scene]:
    """One server process on a file, asked directly and through a rough wire."""
    server = Server(folder / "data")
    with _played([server], folder, ledger, cast, seed, None, clocks=clocks) as scene:
        yield scene


@contextmanager
def on_postgresql(
    folder: Path, postgres: PostgresServer, ledger: Ledger, cast: Cast, seed: int, *, clocks: bool = False
) -> Iterator[Scene]:
    """Two servers on one database, the second with two worker processes, both behind a wire that can be frozen."""
    admin = postgres.new_database()
    door = Turnstile(admin, f"few_{admin.rpartition('/')[2]}")
    door.build()
    with Wire(postgres.port).open() as wire:
        settings = {"EVERGRANT_DATABASE__URL": door.url.replace(f":{postgres.port}/", f":{wire.port}/")}
        arguments = (("--workers", "1"), ("--workers", "2"))
        servers = [Server(folder / "data", settings, workers) for workers in arguments]
        with _played(servers, folder, ledger, cast, seed, admin, clocks=clocks) as scene:
            yield replace(scene, postgres=postgres, database_wire=wire, door=door)


@contextmanager
def _played(
    servers: list[Server], folder: Path, ledger: Ledger, cast: Cast, seed: int, url: str | None, *, clocks: bool
) -> Iterator[Scene]:
    with ExitStack() as stack:
        chance = Random(f"{seed}/faults")
        wires = [RoughWire(server.port, ledger, Random(f"{seed}/wire/{server.port}")) for server in servers]
        moved = []
        for number, (server, wire) in enumerate(zip(servers, wires, strict=True)):
            stack.enter_context(wire.open())
            own = {"EVERGRANT_ISSUER": servers[0].base_url, "EVERGRANT_ALLOWED_HOSTS": f"localhost:{wire.port}"}
            server.settings = {**server.settings, **own}
            if clocks:
                place = folder / f"clock-{number}"
                place.mkdir()
                moved.append(SharedClock.make(place))
                server.settings |= moved[-1].environment
            stack.callback(server.kill)
            server.start()
        stock = Stock.of(servers[0]) if url is None else Stock(servers[0].data_dir, url)
        ports = [port for server, wire in zip(servers, wires, strict=True) for port in (server.port, wire.port)]
        yield Scene(servers, stock, ledger, crowd(stock, ledger, ports, cast, seed), chance, wires, moved)


def a_stranger(stock: Stock) -> Program:
    """Another confidential program of the realm, which no grant belongs to."""
    return stock.strict(0)[0]
