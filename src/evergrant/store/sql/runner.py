"""How questions and verbs, plain functions of a connection, come to run beside the event loop."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine

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

    @property
    def engines(self) -> tuple[Engine, ...]:
        """What statements go through, for tests that count or disturb them."""
        ...

    async def close(self) -> None:
        """Finish what was handed over, then let go of the database."""
        ...
