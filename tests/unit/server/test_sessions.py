"""Browser sessions on a real store: new cookie at every sign-in, and grants that end with them."""

from dataclasses import replace

import pytest

from evergrant.core.facts import Caller, EventKind, Grant, GrantState
from evergrant.core.policy import DAY, MINUTE
from evergrant.core.ports.ledger import Opened
from evergrant.core.ports.reader import EventFilter
from evergrant.core.sessions import SessionLifetimes
from evergrant.protocol.secret import Secret
from evergrant.server.engine.sessions import Sessions, Started
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import ADA, CALL, WEB, a_client, a_grant, a_subject

BOB = a_subject("u_bob", "bob")


@pytest.fixture
async def sessions(realm_store: MemoryRealm, clock: ManualClock, chance: Chance) -> Sessions:
    await realm_store.add_subject(a_subject(), None, events=())
    await realm_store.add_subject(BOB, None, events=())
    await realm_store.add_client(a_client(), events=())
    return Sessions(reader=realm_store, ledger=realm_store, lifetimes=SessionLifetimes(), clock=clock, random=chance)


async def start(sessions: Sessions) -> Started:
    started = await sessions.start(CALL, a_subject(), None, WEB)
    assert started is not None
    return started


async def granted(store: MemoryRealm, sid: str, number: int, client_id: str = WEB, *, offline: bool) -> Grant:
    grant = replace(a_grant(number, client_id, offline=offline), session_id=sid)
    assert isinstance(await store.open_grant(grant, consent=None, room=None, events=()), Opened)
    return grant


async def state(store: MemoryRealm, grant: Grant) -> GrantState:
    facts = await store.grant(grant.id)
    assert facts is not None
    return facts.grant.state


async def test_the_store_keeps_no_cookie(sessions: Sessions, realm_store: MemoryRealm) -> None:
    started = await start(sessions)

    facts = await realm_store.session(started.session.digest)
    assert started.cookie.reveal() not in repr(facts)
    assert len(started.cookie.reveal()) == 43  # 256 bits
    assert (await sessions.current(started.cookie)) is not None
    assert await sessions.current(Secret(started.cookie.reveal()[:-1])) is None
    assert await sessions.current(Secret("x" * 10_000)) is None
    assert await sessions.current(None) is None


async def test_signing_in_again_replaces_the_cookie_and_keeps_the_session(sessions: Sessions) -> None:
    """S-125."""
    first = await start(sessions)

    second = await sessions.start(CALL, a_subject(), await sessions.current(first.cookie), WEB)

    assert second is not None
    assert (second.session.sid, second.cookie) != (first.session.sid, first.cookie)
    assert second.session.sid == first.session.sid
    assert await sessions.current(first.cookie) is None


async def test_another_subject_starts_another_session_and_the_first_is_signed_out(
    sessions: Sessions, realm_store: MemoryRealm
) -> None:
    """Q-15."""
    first = await start(sessions)
    hers = await granted(realm_store, first.session.sid, 1, offline=False)

    second = await sessions.start(CALL, BOB, await sessions.current(first.cookie), WEB)

    assert second is not None
    assert second.session.sid != first.session.sid
    assert await sessions.current(first.cookie) is None
    assert await state(realm_store, hers) is GrantState.REVOKED


async def test_an_idle_session_ends_and_a_used_one_lives_on(sessions: Sessions, clock: ManualClock) -> None:
    started = await start(sessions)

    for _ in range(30 * 2 + 1):
        assert await sessions.current(started.cookie) is not None
        clock.advance(11 * 60 * MINUTE)
    clock.advance(60 * MINUTE)

    assert await sessions.current(started.cookie) is None


async def test_no_session_lives_longer_than_thirty_days(sessions: Sessions, clock: ManualClock) -> None:
    started = await start(sessions)
    for _ in range(6 * 30 - 1):
        clock.advance(DAY // 6)
        assert await sessions.current(started.cookie) is not None

    clock.advance(DAY // 6)

    assert await sessions.current(started.cookie) is None


async def test_signing_out_ends_grants_as_each_clients_policy_says(
    sessions: Sessions, realm_store: MemoryRealm
) -> None:
    for name, action in (("keeps", "ignore"), ("ends", "revoke_all")):
        await realm_store.add_client(replace(a_client(name), policy={"on_logout": action}), events=())
    started = await start(sessions)
    sid = started.session.sid
    online = await granted(realm_store, sid, 1, offline=False)
    offline = await granted(realm_store, sid, 2, offline=True)
    kept = await granted(realm_store, sid, 3, "keeps", offline=False)
    ended = await granted(realm_store, sid, 4, "ends", offline=True)
    other = await granted(realm_store, "another session", 5, offline=False)
    who = await sessions.current(started.cookie)
    assert who is not None

    assert await sessions.end(CALL, who, WEB) == 2

    states = [await state(realm_store, grant) for grant in (online, offline, kept, ended, other)]
    assert [one is GrantState.REVOKED for one in states] == [True, False, False, True, False]
    assert await sessions.current(started.cookie) is None
    assert not await sessions.is_live(started.session)
    kinds = [event.kind for event in await realm_store.events(EventFilter(subject=ADA), 10)]
    assert kinds == [EventKind.SIGNED_OUT, EventKind.SIGNED_IN]


async def test_a_password_changed_while_it_was_verified_starts_no_session(
    sessions: Sessions, realm_store: MemoryRealm
) -> None:
    """The sign-in verified the old password; the change has already ended all sessions."""
    changed = replace(a_subject(), epoch=1)
    await realm_store.save_subject(changed, password_hash="new", end_sessions=True, revoke=None, events=())

    assert await sessions.start(CALL, a_subject(), None, WEB) is None


async def test_nobody_gone_or_disabled_starts_a_session(sessions: Sessions, realm_store: MemoryRealm) -> None:
    disabled = replace(BOB, disabled=True)
    await realm_store.save_subject(disabled, password_hash=None, end_sessions=True, revoke=None, events=())

    assert await sessions.start(CALL, BOB, None, WEB) is None
    assert await sessions.start(CALL, a_subject("u_gone", "gone"), None, WEB) is None
    assert Caller() == Caller("", "")
