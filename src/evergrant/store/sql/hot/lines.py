"""Batches of one hot statement on PostgreSQL: gathered, sent in order of id, given back to each that asked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
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
        self._batches: Batches[Item, Outcome] = Batches(self._carry, in_flight=in_flight)

    async def put(self, item: Item) -> Outcome:
        """What became of it. Raises StoreUnavailable; what was put is carried out though the caller is cancelled."""
        return await self._batches.put(item)

    async def close(self) -> None:
        """Finish what was taken."""
        await self._batches.close()
        for line in self._lines:
            line.close()

    def _carry(self, items: Sequence[Item], land: Land[Outcome]) -> None:
        task = asyncio.create_task(self._run(items, land))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _run(self, items: Sequence[Item], land: Land[Outcome]) -> None:
        line = self._free.pop()
        outcomes: Outcomes[Outcome] = [StoreUnavailable("the database could not be asked")] * len(items)
        try:
            outcomes = await self._ask(line, items)
        finally:
            self._free.append(line)
            land(outcomes)

    async def _ask(self, line: Line, items: Sequence[Item]) -> Outcomes[Outcome]:
        order = sorted(range(len(items)), key=lambda number: self._kind.order(items[number]))
        sorted_items = [items[number] for number in order]
        try:
            found: Outcomes[Outcome] = await self._send(line, sorted_items)
        except Refused:
            found = await asyncio.gather(*map(self._one_apart, sorted_items))
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

    async def _one_apart(self, item: Item) -> Outcome | Exception:
        try:
            return await self._apart(item)
        except Exception as error:  # noqa: BLE001  it becomes the outcome of this item
            return error
