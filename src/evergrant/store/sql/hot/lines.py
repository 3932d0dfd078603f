"""Batches of one hot statement on PostgreSQL: gathered, sent in order of id, given back to each that asked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from evergrant.core.ports.reader import StoreUnavailable
from evergrant.store.sql.batches import Batches, Land, Outcomes
from evergrant.store.sql.hot.line import DriverConnection, Line, Lost, Refused
from evergrant.store.sql.hot.postgres import Kind
from evergrant.store.sql.hot.shapes import COMMITTED, Observer
from evergrant.store.sql.trouble import unavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class _Apart:
    """The server would not do the batch this was in, and did nothing of it."""


class Lines(Generic[Item, Outcome]):
    """`in_flight` connections, each with one batch under way.

    `apart` carries out a single item some other way: what the server refuses to do for a batch (a row somebody holds, a
    value it does not take) is asked for item by item, so that one of them never fails its neighbours.
    """

    def __init__(
        self,
        kind: Kind[Item, Outcome],
        connect: Callable[[], DriverConnection],
        apart: Callable[[Item], Awaitable[Outcome]],
        observers: Sequence[Observer],
        in_flight: int,
    ) -> None:
        self._kind = kind
        self._apart = apart
        self._observers = observers
        self._tries = TRIES if kind.repeatable else 1
        statements = {statement.name: statement for statement in (kind.one, kind.many)}
        self._free = [Line(connect, statements) for _ in range(in_flight)]
        self._lines = tuple(self._free)
        self._under_way: set[asyncio.Task[None]] = set()
        self._batches: Batches[Item, Outcome | _Apart] = Batches(self._carry, in_flight=in_flight)

    async def put(self, item: Item) -> Outcome:
        """What became of it. Raises StoreUnavailable; a batch is carried out though a caller of it is cancelled."""
        outcome = await self._batches.put(item)
        # Here and not in the batch: whoever waits for a row that somebody holds must keep nobody waiting.
        return await self._apart(item) if isinstance(outcome, _Apart) else outcome

    async def close(self) -> None:
        """Finish what was taken."""
        await self._batches.close()
        for line in self._lines:
            line.close()

    def _carry(self, items: Sequence[Item], land: Land[Outcome | _Apart]) -> None:
        task = asyncio.create_task(self._run(items, land))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self, items: Sequence[Item], land: Land[Outcome | _Apart]) -> None:
        line = self._free.pop()
        outcomes: Outcomes[Outcome | _Apart] = [StoreUnavailable("the database could not be asked")] * len(items)
        try:
            outcomes = await self._ask(line, items)
        finally:
            self._free.append(line)
            land(outcomes)

    async def _ask(self, line: Line, items: Sequence[Item]) -> Outcomes[Outcome | _Apart]:
        order = sorted(range(len(items)), key=lambda number: self._kind.order(items[number]))
        sorted_items = [items[number] for number in order]
        try:
            found: Outcomes[Outcome | _Apart] = await self._send(line, sorted_items)
        except Refused:
            found = [_Apart()] * len(items)
        except (psycopg.Error, SQLAlchemyError) as error:
            found = [unavailable(error)] * len(items)
        except Lost:
            found = [StoreUnavailable("the connection to the database was lost")] * len(items)
        outcomes = list(found)
        for place, outcome in zip(order, found, strict=True):
            outcomes[place] = outcome
        return outcomes

    async def _send(self, line: Line, items: Sequence[Item]) -> list[Outcome]:
        kind = self._kind
        statement = kind.one if len(items) == 1 else kind.many
        values = kind.values(items)
        tries = self._tries
        while True:
            tries -= 1
            await line.ready()
            for tell in self._observers:
                tell(statement.text)
            try:
                rows = await line.ask(statement.name, values)
            except Lost:
                if tries == 0:
                    raise
            else:
                if not kind.repeatable:
                    for tell in self._observers:
                        tell(COMMITTED)
                return kind.outcomes(rows, len(items))
