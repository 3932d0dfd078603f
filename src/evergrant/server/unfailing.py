"""A stream for the log whose own trouble stops nobody."""

from typing import Protocol


class Stream(Protocol):
    """The part of a text stream that a log writes to."""

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


class Unfailing:
    """Lets go of what cannot be written: the disk is full, or whoever read the pipe has gone.

    The log is often on the disk that is full. If a line that is lost were a request that fails, then not even the 503
    that tells of the full disk would go out, and `/healthz` would hang.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, text: str, /) -> int:
        """As a stream's own, but never raises OSError."""
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """As a stream's own, but never raises OSError."""
        try:
            self._stream.flush()
        except OSError:
            return
