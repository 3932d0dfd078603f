"""Mutants that forget: at a crash, at a restart, when they clean up, or because another server wrote."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from evergrant.core import grant
from evergrant.core.policy import DAY
from evergrant.server.engine import reaper
from evergrant.server.engine.issuing import Issuing
from evergrant.store.sql import audit, writer
from evergrant.store.sql.hot.shapes import WantedRenewal
from evergrant.store.sql.realm_store import SqlReader
from evergrant.store.sql.writer import Writer
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.patching import Anything, swap


def _answers_before_it_commits() -> None:
    """The transaction of a batch with renewals stays open until the next batch comes."""
    waiting: list[Any] = []
    renews: list[bool] = []
    commit: list[Any] = []

    def looking(before: Anything) -> Anything:
        def carry_out(pen: Any, jobs: Any) -> Any:
            renews[:] = [any(isinstance(job, WantedRenewal) for job in jobs)]
            return before(pen, jobs)

        return carry_out

    def later(before: Anything) -> Anything:
        commit.append(before)

        def postponed(self: Any, pen: Any) -> None:
            if renews == [True]:
                waiting.append(pen)
            else:
                before(self, pen)

        return postponed

    def first(before: Anything) -> Anything:
        def begin(self: Any) -> Any:
            if waiting:
                commit[0](self, waiting.pop())
            return before(self)

        return begin

    swap(writer, "_carry_out", looking)
    swap(Writer, "_commit", later)
    swap(Writer, "_begin", first)


def _events_of_their_own() -> None:
    """Events are written with the next ones."""
    kept: list[tuple[Any, Any]] = []

    def later(before: Anything) -> Anything:
        def write(connection: Any, realm: Any, events: Any) -> None:
            due, kept[:] = list(kept), [(realm, events)]
            for one in due:
                before(connection, *one)

        return write

    swap(audit, "write", later)


def _restart_forgets() -> None:
    """What was spent is known only to the process that renewed it."""
    seen: set[bytes] = set()

    def remembering(before: Anything) -> Anything:
        async def renew(self: Any, decision: Any, at: Any) -> Any:
            seen.add(at.grant.id)
            return await before(self, decision, at)

        return renew

    def rows(before: tuple[grant.Row, ...]) -> tuple[grant.Row, ...]:
        def known(row: grant.Row) -> grant.Row:
            return row._replace(matches=lambda case: case.grant.id in seen and row.matches(case))

        return tuple(known(row) if row.number in ("9", "10") else row for row in before)

    swap(Issuing, "renew", remembering)
    swap(grant, "TABLE", rows)


def _reaper_takes(**early: int) -> Callable[[], None]:
    """`early`: which horizon is so many milliseconds further than it should be."""

    def horizon(before: Anything) -> Anything:
        def further(*arguments: Any) -> Any:
            found = before(*arguments)
            return replace(found, **{name: getattr(found, name) + ms for name, ms in early.items()})

        return further

    return lambda: swap(reaper, "horizon", horizon)


def _remembers_what_it_read() -> None:
    """A server believes of a grant what it read first, until it writes to it itself."""
    read: dict[bytes, Any] = {}

    def cached(before: Anything) -> Anything:
        async def once(self: Any, grant_id: Any, /) -> Any:
            if grant_id not in read:
                read[grant_id] = await before(self, grant_id)
            return read[grant_id]

        return once

    def forgetting(before: Anything) -> Anything:
        async def renew(self: Any, decision: Any, at: Any) -> Any:
            read.pop(at.grant.id, None)
            return await before(self, decision, at)

        return renew

    swap(SqlReader, "grant", cached)
    swap(Issuing, "renew", forgetting)


FORGETTING: Final = (
    Mutant(
        "answers-before-it-commits",
        "a renewal is answered before it is on the disk",
        "I1",
        "killed",
        _answers_before_it_commits,
    ),
    Mutant(
        "events-of-their-own",
        "an event is not written in the transaction of what it tells of",
        "I10",
        "killed",
        _events_of_their_own,
    ),
    Mutant(
        "restart-forgets",
        "only the process that renewed a token knows that it is spent",
        "I4",
        "restarted",
        _restart_forgets,
    ),
    Mutant(
        "reaper-takes-the-living",
        "the reaper deletes grants before their end",
        "I12",
        "reaped",
        _reaper_takes(expired_before=100 * DAY),
    ),
    Mutant(
        "reaper-takes-the-ended",
        "the reaper deletes an ended grant while its tokens could be shown",
        "I12",
        "reaped",
        _reaper_takes(revoked_before=2 * DAY),
    ),
    Mutant(
        "remembers-what-it-read",
        "a server believes what it read of a grant, whatever another has written",
        "I3",
        "two-servers",
        _remembers_what_it_read,
        "postgresql",
    ),
)
