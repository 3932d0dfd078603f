"""What becomes of a driver's errors: the kind of trouble, without the statement and what was in it."""

from typing import Final

from sqlalchemy.exc import DBAPIError

from evergrant.core.ports.reader import StoreUnavailable

ROLLED_BACK: Final = frozenset({"40001", "40P01", "23505"})
"""SQLSTATEs after which another try may go well: serialization failure, deadlock, and a key that somebody else took
between our look and our insert."""


def unavailable(error: Exception) -> StoreUnavailable:
    """What the caller may know; the error itself is its cause."""
    cause = _cause(error)
    state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    failure = StoreUnavailable(f"the database failed: {type(cause).__name__}{f' ({state})' if state else ''}")
    failure.__cause__ = error
    return failure


def is_dead(error: Exception) -> bool:
    """Whether the connection is gone, and with it the transaction, if no commit was sent."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def may_try_again(error: Exception) -> bool:
    """Whether the database surely rolled the transaction back for no fault of its own."""
    return is_dead(error) or getattr(_cause(error), "sqlstate", None) in ROLLED_BACK


def _cause(error: Exception) -> BaseException:
    """The driver's own error, where there is one."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
