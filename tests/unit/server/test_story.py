"""`evergrant explain`: any refused refresh can be explained."""

from dataclasses import replace

import pytest

from evergrant.core.facts import Event, EventKind, Revocation
from evergrant.core.reasons import Reason
from evergrant.protocol.values import CorrelationId, GrantId, Millis
from evergrant.server.engine.story import Stories, tell
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import START
from tests.unit.server.records import a_client, a_grant, a_subject

GRANT = a_grant()


def event(
    kind: EventKind,
    correlation_id: str,
    at: int = START,
    reason: str | None = None,
    grant_id: GrantId | None = GRANT.id,
) -> Event:
    return Event(Millis(at), kind, CorrelationId(correlation_id), grant_id=grant_id, reason=reason)


@pytest.fixture
async def stories(realm_store: MemoryRealm) -> Stories:
    await realm_store.add_client(a_client(), events=())
    await realm_store.add_subject(a_subject(), None, events=())
    await realm_store.open_grant(GRANT, consent=None, room=None, events=[event(EventKind.GRANT_OPENED, "c-open")])
    return Stories(realm_store)


async def test_a_reuse_is_told_with_what_the_user_sees_and_what_to_do(
    stories: Stories, realm_store: MemoryRealm
) -> None:
    reuse = event(EventKind.GRANT_REUSED, "c-reuse", START + 5, Reason.REUSED)
    await realm_store.revoke(GRANT.id, Revocation(reuse.at, "server", Reason.REUSED), seen=None, events=[reuse])

    story = await stories.explain("c-reuse")

    (chapter,) = story.chapters
    assert chapter.why is not None
    assert "used again" in chapter.why.because
    assert "sign in again" in chapter.why.seen
    assert "retry_window" in chapter.why.remedy
    assert story.summary.endswith("00000001 was ended by the server: reused.")
    assert [told.event.kind for told in story.around] == [EventKind.GRANT_OPENED, EventKind.GRANT_REUSED]


async def test_a_later_refusal_is_told_with_the_event_that_ended_the_grant(
    stories: Stories, realm_store: MemoryRealm
) -> None:
    ended = event(EventKind.GRANT_REVOKED, "c-end", START + 5, Reason.BY_OPERATOR)
    await realm_store.revoke(GRANT.id, Revocation(ended.at, "operator", Reason.BY_OPERATOR), seen=None, events=[ended])
    await realm_store.record([event(EventKind.REFRESH_REFUSED, "c-later", START + 9, Reason.REVOKED)])

    story = await stories.explain("c-later")

    assert [told.event.correlation_id for told in story.around] == ["c-open", "c-end", "c-later"]
    assert [grant.id for grant in story.grants] == [GRANT.id]


async def test_an_id_without_events_is_told_to_be_in_the_log(stories: Stories) -> None:
    story = await stories.explain("no-such-id")

    assert story.chapters == ()
    assert "Search the log" in story.summary


async def test_an_empty_id_is_not_every_event_without_one(stories: Stories, realm_store: MemoryRealm) -> None:
    await realm_store.record([event(EventKind.SIGNED_IN, "")])

    assert (await stories.explain(" ")).chapters == ()


async def test_an_id_is_found_with_the_spaces_that_copying_brings(stories: Stories) -> None:
    assert len((await stories.explain(" c-open\n")).chapters) == 1


async def test_a_grant_that_was_forgotten_is_said_to_be_forgotten(stories: Stories, realm_store: MemoryRealm) -> None:
    gone = replace(GRANT, id=GrantId(b"\x09" * 16))
    await realm_store.record([event(EventKind.REFRESH_REFUSED, "c-gone", grant_id=gone.id, reason=Reason.UNKNOWN)])

    assert "has been forgotten since" in (await stories.explain("c-gone")).summary


async def test_events_of_one_moment_are_told_in_the_order_they_happened(
    stories: Stories, realm_store: MemoryRealm
) -> None:
    await realm_store.record([event(EventKind.SIGNED_IN, "c-2"), event(EventKind.GRANT_EXCHANGED, "c-2")])

    kinds = [chapter.event.kind for chapter in (await stories.explain("c-2")).chapters]

    assert kinds == [EventKind.SIGNED_IN, EventKind.GRANT_EXCHANGED]


@pytest.mark.parametrize("kind", EventKind)
def test_every_event_can_be_told_whatever_its_reason(kind: EventKind) -> None:
    reasons = [*Reason, "of a later version"]

    assert tell(event(kind, "c")).why is None
    assert all(tell(event(kind, "c", reason=reason)).why is not None for reason in reasons)
