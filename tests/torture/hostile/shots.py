"""A request as octets, made of parts that can each be wrong."""

from dataclasses import dataclass, replace
from typing import Self

Field = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Shot:
    """What is sent on a connection. `note` says what was done to it, for whoever reads of a violation.

    `sound`: framed so that exactly one answer is due, however foolish the rest is. Of the others the server may answer
    at most `most` requests. `forged`: shows a credential that nobody issued, so that nothing may come of it.
    """

    octets: bytes
    note: str
    door: str = "none"
    head_only: bool = False
    sound: bool = True
    most: int = 1
    forged: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request in parts. `fields` are its parameters, still as they are written on the wire."""

    door: str
    method: bytes
    path: bytes
    headers: tuple[Field, ...]
    fields: tuple[Field, ...] = ()
    in_query: bool = False
    body: bytes | None = None  # instead of the fields
    notes: tuple[str, ...] = ()
    forged: bool = False

    def but(self, note: str, **changed: object) -> Self:
        """The same with something changed, and a note of it."""
        return replace(self, notes=(*self.notes, note), **changed)  # type: ignore[arg-type]  # the names are checked at run time

    def shot(self) -> Shot:
        """As octets, with a true Content-Length."""
        parameters = b"&".join(name + b"=" + value for name, value in self.fields)
        target, body = self.path, self.body
        if self.in_query:
            target += b"?" + parameters if self.fields else b""
        elif body is None:
            body = parameters
        lines = [self.method + b" " + target + b" HTTP/1.1", *(name + b": " + value for name, value in self.headers)]
        if body is not None:
            lines.append(b"Content-Length: %d" % len(body))
        octets = b"\r\n".join([*lines, b"", body or b""])
        note = f"{self.door}: {', '.join(self.notes) or 'as it should be'}"
        return Shot(octets, note, self.door, head_only=self.method == b"HEAD", forged=self.forged)
