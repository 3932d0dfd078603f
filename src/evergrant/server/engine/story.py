"""Tells what happened under a correlation id, from the events of the audit trail: for `evergrant explain`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from evergrant.core.explanations import KINDS, REASONS, Explanation
from evergrant.core.facts import Event, Grant, GrantFacts, GrantState
from evergrant.core.ports.reader import EventFilter
from evergrant.core.reasons import Reason
from evergrant.protocol.values import CorrelationId, GrantId, grant_id_text

MOST_EVENTS: Final = 200

_NOTHING_KNOWN: Final = (
    "No event has this correlation id in this realm. That is no sign of loss: ordinary renewals and retries write a "
    "log line only, and so do requests that were refused before any grant was read (a token that is no token of ours, "
    "a client that could not prove itself), because otherwise strangers could fill the database. Search the log for "
    "the id; its line says the reason. If the log knows nothing either, see whether the id belongs to another realm "
    "or is older than the events that are kept."
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event in words. `why` is None where what happened says it all."""

    event: Event
    what: str
    why: Explanation | None


@dataclass(frozen=True, slots=True)
class Story:
    """`chapters`: the events of the id, oldest first; empty: `summary` says what that means.

    `around`: all events of the grants concerned, oldest first, those of the id among them. `grants`: as they are now.
    """

    correlation_id: CorrelationId
    summary: str
    chapters: tuple[Chapter, ...]
    around: tuple[Chapter, ...]
    grants: tuple[Grant, ...]


class AsksEvents(Protocol):
    """What a story asks of a Reader."""

    async def events(self, wanted: EventFilter, limit: int, /) -> tuple[Event, ...]: ...

    async def grant(self, grant_id: GrantId, /) -> GrantFacts | None: ...


class Stories:
    """Explains. Only asks; nothing is written."""

    def __init__(self, reader: AsksEvents) -> None:
        self._reader = reader

    async def explain(self, correlation_id: str) -> Story:
        """What happened under that id, as far as it was kept. Raises StoreUnavailable."""
        wanted = CorrelationId(correlation_id.strip())
        found = _oldest_first(await self._reader.events(EventFilter(correlation_id=wanted), MOST_EVENTS))
        if not found or not wanted:
            return Story(wanted, _NOTHING_KNOWN, (), (), ())
        grant_ids = tuple(dict.fromkeys(event.grant_id for event in found if event.grant_id is not None))
        around: list[Event] = []
        grants: list[Grant] = []
        for grant_id in grant_ids:
            around += await self._reader.events(EventFilter(grant_id=grant_id), MOST_EVENTS)
            facts = await self._reader.grant(grant_id)
            if facts is not None:
                grants.append(facts.grant)
        chapters = tuple(tell(event) for event in found)
        summary = " ".join([*_sentences(chapters), *_fates(grant_ids, grants)])
        return Story(wanted, summary, chapters, tuple(tell(event) for event in _oldest_first(around)), tuple(grants))


def tell(event: Event) -> Chapter:
    """One event in words. A reason of a later version is shown as it is written."""
    if event.reason is None:
        return Chapter(event, KINDS[event.kind], None)
    try:
        return Chapter(event, KINDS[event.kind], REASONS[Reason(event.reason)])
    except ValueError:
        unknown = Explanation(f"The reason is {event.reason!r}, which this version does not know.", "", "")
        return Chapter(event, KINDS[event.kind], unknown)


def _oldest_first(events: Sequence[Event]) -> list[Event]:
    """The store tells the newest first. Reversing comes first, so that events of one moment keep their order."""
    happened = [*reversed(events)]
    happened.sort(key=lambda event: event.at)
    return happened


def _sentences(chapters: tuple[Chapter, ...]) -> list[str]:
    told: dict[str, None] = {}
    for chapter in chapters:
        told[chapter.what] = None
        if chapter.why is not None:
            told |= dict.fromkeys(part for part in (chapter.why.because, chapter.why.seen) if part)
    return list(told)


def _fates(grant_ids: tuple[GrantId, ...], grants: list[Grant]) -> list[str]:
    """What became of each grant."""
    known = {grant.id: grant for grant in grants}
    return [f"Grant {grant_id_text(grant_id)} {_fate(known.get(grant_id))}." for grant_id in grant_ids]


def _fate(grant: Grant | None) -> str:
    if grant is None:
        return "has been forgotten since; it had ended before"
    if grant.state is GrantState.PENDING:
        return "waits for its code to be exchanged"
    if grant.state is GrantState.ACTIVE:
        return f"is alive, at generation {grant.generation}"
    return (
        "has ended"
        if grant.revocation is None
        else f"was ended by the {grant.revocation.by}: {grant.revocation.reason}"
    )
