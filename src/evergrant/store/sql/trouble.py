"""What becomes of a driver's errors: the kind of trouble, without the statement and what was in it."""

from typing import Final

from sqlalchemy.exc import DBAPIError

from evergrant.core.ports.reader import StoreUnavailable

ROLLED_BACK: Final = frozenset({"40001", "40P01", "23505"})
"""SQLSTATEs after which another try may go well: serialization failure, deadlock, and a key that somebody else took
between our look and our insert."""

_CONNECTING: Final = frozenset({"OperationalError", "ConnectionTimeout"})
"""psycopg's classes, by name: this module serves SQLite too, where psycopg need not be installed."""


def unavailable(error: Exception) -> StoreUnavailable:
    """What the caller may know; the error itself is its cause."""
    cause = _cause(error)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or _words(cause)
    failure = StoreUnavailable(f"the database failed: {type(cause).__name__}{f' ({state})' if state else ''}")
    failure.__cause__ = error
    return failure


def _words(cause: BaseException) -> str:
    """What libpq says of a connection that it could not open or that broke off.

    There is no code for it, no statement is in it, and the operator must know whether it is a full house, a wrong
    password or a machine that is off. Of several attempts the last is told.
    """
    if type(cause).__name__ not in _CONNECTING:
        return ""
    lines = str(cause).strip().splitlines()
    return lines[-1].strip()[:300] if lines else ""


def is_dead(error: Exception) -> bool:
    """Whether the connection is gone, and with it the transaction, if no commit was sent."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def may_try_again(error: Exception) -> bool:
    """Whether the database surely rolled the transaction back for no fault of its own."""
    return is_dead(error) or getattr(_cause(error), "sqlstate", None) in ROLLED_BACK


def _cause(error: Exception) -> BaseException:
    """The driver's own error, where there is one."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
