"""How questions and verbs, plain functions of a connection, come to run beside the event loop."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from evergrant.core.facts import GrantFacts
from evergrant.core.ports.ledger import Done, Superseded
from evergrant.store.sql.hot.shapes import Observer, WantedClaim, WantedGrant, WantedRenewal

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """One database. Both methods raise StoreUnavailable for any trouble of its; other exceptions pass through.

    The functions must be safe to run again: a transaction that the database rolled back may be tried anew.
    """

    async def ask(self, question: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a question. It sees everything that was committed before."""
        ...

    async def commit(self, verb: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb as one transaction; returns when that is durable, rolls back if the verb raises.

        Cancelling the caller does not stop a verb that was handed over: a commit is never cancelled.
        """
        ...

    async def grant(self, wanted: WantedGrant, /) -> GrantFacts | None:
        """A grant and its subject, asked together with whoever else asks now."""
        ...

    async def is_claimed(self, wanted: WantedClaim, /) -> bool:
        """Whether it is taken; asked together with whoever else asks now."""
        ...

    async def renew(self, wanted: WantedRenewal, /) -> Done | Superseded:
        """A renewal, committed together with whatever else waits; its outcome is its own."""
        ...

    @property
    def engines(self) -> tuple[Engine, ...]:
        """What statements go through, for tests that count or disturb them: first the one that writes."""
        ...

    @property
    def observers(self) -> list[Observer]:
        """Told of the statements that do not go through an engine, before they are sent."""
        ...

    async def close(self) -> None:
        """Finish what was handed over, then let go of the database."""
        ...
