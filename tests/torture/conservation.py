"""The database after everything is over, held against the ledger: rows, endings with their events, bytes.

Read beside the server, by plain SQL, so that nothing the server remembers is believed.
"""

import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, create_engine, func, select

from evergrant.core.facts import EventKind, GrantState
from evergrant.store.schema import events, grants
from evergrant.store.sql.sqlite import driver
from tests.faults.storm import bytes_of
from tests.support.postgres import programs
from tests.torture.ledger import Asked, Kind, Ledger, Operation, Told, now

ENDINGS: Final = (EventKind.GRANT_REVOKED, EventKind.GRANT_REUSED)
"""A streak ends grants too, but never these clients': all their requests come from one context."""
FORGOTTEN: Final = (EventKind.STORE_BEHIND, EventKind.TOO_FAR_AHEAD)

Anything = Row[Any, Any, Any]  # columns of our own schema


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, and how that was seen. `operations`: their numbers in the ledger."""

    invariant: str
    grant: str | None
    words: str
    operations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """What the database holds: a row and the events of each grant, by the grant's id in hexadecimal."""

    rows: Mapping[str, Anything]
    events: Mapping[str, Sequence[Anything]]
    others: int
    """Grants that nobody wrote into the ledger."""

    @classmethod
    def read(cls, url: str, known: Iterable[str]) -> "Books":
        """From a SQLite file or a PostgreSQL database."""
        engine = create_engine(url, **({"module": driver()} if url.startswith("sqlite") else {}))
        wanted = set(known)
        told: dict[str, list[Anything]] = defaultdict(list)
        try:
            with engine.connect() as connection:
                rows = {row.id.hex(): row for row in connection.execute(select(grants))}
                for event in connection.execute(select(events).where(events.c.grant_id.is_not(None))):
                    told[event.grant_id.hex()].append(event)
                count = connection.execute(select(func.count()).select_from(grants)).scalar_one()
        finally:
            engine.dispose()
        return cls(
            {grant: row for grant, row in rows.items() if grant in wanted}, told, count - len(wanted & set(rows))
        )


def compare(ledger: Ledger, books: Books, histories: Mapping[str, Sequence[Operation]]) -> Iterator[Finding]:
    """Rows and events, grant by grant. I1, I10, I12"""
    if books.others:
        yield Finding("I12", None, f"{books.others} grants are in the database that nobody opened")
    forgets = any(one.asked.kind is Kind.FORGET for history in histories.values() for one in history)
    for grant in ledger.opened:
        row = books.rows.get(grant)
        if row is None:
            yield Finding("I12", grant, "the row is gone")
            continue
        told = books.events.get(grant, ())
        yield from _generation(grant, row, histories[grant], ledger.opened[grant].generation, forgets=forgets)
        yield from _ending(grant, row, told)
        if not forgets:
            yield from _audit(grant, told, histories[grant])


def _generation(
    grant: str, row: Anything, history: Sequence[Operation], opened: int, *, forgets: bool
) -> Iterator[Finding]:
    """The row is at the newest generation that anybody was given, or one further if that one's renewal got lost."""
    given = max((one.told.generation for one in history if one.told and one.told.generation), default=opened)
    unknown = [one for one in history if not one.is_known and one.asked.generation == given]
    moving = any(one.asked.kind in (Kind.EXCHANGE, Kind.REFRESH) and not one.asked.stranger for one in unknown)
    low = 0 if forgets else given
    if not low <= row.generation <= given + moving:
        yield Finding("I1", grant, f"generation {row.generation}, but {given} was answered")


def _ending(grant: str, row: Anything, told: Sequence[Anything]) -> Iterator[Finding]:
    """Ended: exactly one event says so, as the row does, written with it. Not ended: none does."""
    endings = [event for event in told if event.kind in ENDINGS]
    if row.state != GrantState.REVOKED:
        if endings:
            yield Finding("I10", grant, f"{row.state}, but events say {[event.kind for event in endings]}")
        return
    said = [(event.reason, event.at) for event in endings]
    if said != [(row.revoked_reason, row.revoked_at)]:
        yield Finding("I10", grant, f"ended {(row.revoked_reason, row.revoked_at)}, but events say {said}")


def _audit(grant: str, told: Sequence[Anything], history: Sequence[Operation]) -> Iterator[Finding]:
    """Every refusal that was answered has its event, and there are no others. The store was never behind."""
    kinds = Counter(event.kind for event in told)
    for kind in FORGOTTEN:
        if kinds[kind]:
            yield Finding("I1", grant, f"{kinds[kind]} × {kind}: the store was behind what had been answered")
    # A spent token shown to revoke or introspect is no refusal; a stranger's revocation is an event.
    refusals = [one for one in history if one.asked.kind in (Kind.REFRESH, Kind.EXCHANGE, Kind.REVOKE)]
    known = sum(_is_refused(one) for one in refusals if one.is_known)
    unknown = sum(not one.is_known for one in refusals)
    found = sum(kinds[kind] for kind in (EventKind.REFRESH_REFUSED, EventKind.OTHER_CLIENT, EventKind.GRANT_REUSED))
    if not known <= found <= known + unknown:
        yield Finding("I10", grant, f"{found} events of refusals, but {known} were answered and {unknown} are unknown")


def _is_refused(one: Operation) -> bool:
    assert one.told is not None
    return one.told.status == 400 or (one.asked.kind is Kind.REVOKE and one.asked.stranger)


def looks(books: Books, histories: Mapping[str, Sequence[Operation]]) -> dict[str, list[Operation]]:
    """The histories, each with its row as the last thing that was seen of it."""
    found = {}
    for grant, history in histories.items():
        row, then = books.rows.get(grant), now()
        found[grant] = list(history)
        if row is not None:
            told = Told(200, generation=row.generation, active=row.state != GrantState.REVOKED)
            asked = Asked(grant, Kind.LOOK, row.generation)
            found[grant].append(Operation(-1, asked, then, then, told, earliest=then, latest=then))
    return found


def is_sound(url: str) -> Iterator[Finding]:
    """What the database itself says of its files."""
    if url.startswith("sqlite"):
        connection = driver().connect(url.removeprefix("sqlite:///"))
        said = connection.execute("PRAGMA integrity_check").fetchall()
        connection.close()
        if said != [("ok",)]:
            yield Finding("I12", None, f"integrity_check: {said[:3]}")
        return
    if not (programs() / "pg_amcheck").exists():  # it came with PostgreSQL 14
        return
    parts = urlsplit(url)
    done = _program("pg_amcheck", url, "--install-missing", "--heapallindexed", f"--database={parts.path[1:]}")
    if done.returncode != 0:
        yield Finding("I12", None, f"pg_amcheck: {(done.stdout + done.stderr).decode(errors='replace')[:500]}")


def tells_no_secret(url: str, log: Path, secrets: Iterable[str]) -> Iterator[Finding]:
    """No token that was handed out is in the bytes of the database or in the log, nor the secret half of one. I7"""
    places = {"the log": log.read_bytes(), "the database": _bytes_of_database(url)}
    tokens = set(secrets)
    halves = {bytes_of(token)[18:34] for token in tokens if token.startswith("eg_rt_")}
    for place, content in places.items():
        for mark in (b"eg_rt_", b"eg_ac_"):
            if mark in content:
                yield Finding("I7", None, f"{mark.decode()} is in {place}")
        shown = [half for half in halves if half in content or half.hex().encode() in content]
        shown += [token.encode() for token in tokens if token.startswith("ey") and token[-40:].encode() in content]
        if shown:
            yield Finding("I7", None, f"{len(shown)} secrets are in {place}")


def _bytes_of_database(url: str) -> bytes:
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        return b"".join(part.read_bytes() for part in file.parent.glob(file.name + "*"))
    return _program("pg_dump", url, f"--dbname={urlsplit(url).path[1:]}").stdout


def _program(name: str, url: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    parts = urlsplit(url)
    command = [str(programs() / name), "--host=127.0.0.1", f"--port={parts.port}", f"--username={parts.username}"]
    return subprocess.run([*command, *arguments], capture_output=True, check=False, stdin=subprocess.DEVNULL)
