"""Looking at grants and ending them."""

import pytest

from evergrant.core.facts import EventKind, GrantState
from evergrant.core.ports.reader import EventFilter
from evergrant.core.reasons import Reason
from evergrant.protocol.values import grant_id_text
from evergrant.server.engine.operators.grants import Grants
from evergrant.server.engine.operators.refusals import Invalid, NotFound
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import ADA, CALL, a_client, a_grant, a_subject

FIRST = grant_id_text(a_grant(1).id)


@pytest.fixture
async def grants(realm_store: MemoryRealm, clock: ManualClock) -> Grants:
    for number, client_id in enumerate(("web", "app"), 1):
        await realm_store.add_client(a_client(client_id), events=())
        await realm_store.add_subject(a_subject(), None, events=())
        await realm_store.open_grant(a_grant(number, client_id), consent=None, room=None, events=())
    return Grants(realm_store, clock)


async def test_grants_are_listed_by_user_and_client(grants: Grants) -> None:
    assert [grant.client_id for grant in await grants.list(client_id="app")] == ["app"]
    assert len(await grants.list(subject=ADA)) == 2
    assert len(await grants.list(limit=1)) == 1


async def test_a_revoked_grant_says_by_whom_and_is_an_event_about_it(
    grants: Grants, realm_store: MemoryRealm, clock: ManualClock
) -> None:
    clock.advance(5)

    ended = await grants.revoke(CALL, FIRST)

    assert ended.revocation is not None
    revocation = (ended.state, ended.revocation.at, ended.revocation.by, ended.revocation.reason)
    assert revocation == (GrantState.REVOKED, clock(), "operator", Reason.BY_OPERATOR)
    (event,) = (await grants.show(FIRST)).events
    assert (event.kind, event.client_id, event.subject) == (EventKind.GRANT_REVOKED, "web", ADA)


async def test_revoking_twice_keeps_the_first_end_and_its_only_event(
    grants: Grants, realm_store: MemoryRealm, clock: ManualClock
) -> None:
    first = await grants.revoke(CALL, FIRST)
    clock.advance(1_000)

    assert await grants.revoke(CALL, FIRST) == first
    assert len(await realm_store.events(EventFilter(grant_id=first.id), 10)) == 1


async def test_no_other_grant_ends(grants: Grants) -> None:
    await grants.revoke(CALL, FIRST)

    assert [grant.state for grant in await grants.list(client_id="app")] == [GrantState.ACTIVE]


async def test_a_grant_that_was_forgotten_is_not_found(grants: Grants) -> None:
    for doing in (grants.show("f" * 32), grants.revoke(CALL, "f" * 32)):
        with pytest.raises(NotFound):
            await doing


@pytest.mark.parametrize("text", ["", "x", "f" * 31, "f" * 34, "eg_rt_" + "A" * 72])
async def test_what_is_no_identifier_is_refused_without_being_repeated(grants: Grants, text: str) -> None:
    """S-041: somebody may paste a token here."""
    with pytest.raises(Invalid) as refused:
        await grants.show(text)

    assert len(text) < 2 or text not in str(refused.value)


async def test_an_identifier_may_be_pasted_with_spaces_and_in_upper_case(grants: Grants) -> None:
    assert grant_id_text((await grants.show(f" {FIRST.upper()}\n")).facts.grant.id) == FIRST
