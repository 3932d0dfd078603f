"""Exchange, renewal, touching, redelivery: each moves a grant from exactly the state it names, or does nothing."""

from dataclasses import replace
from typing import Any

import pytest

from evergrant.core.facts import EventKind, Grant, GrantState
from evergrant.core.ports.ledger import Done, GrantSeen, Opened, Redelivery, Superseded
from evergrant.core.ports.reader import GrantFilter
from evergrant.protocol.values import ClientId, Millis, SubjectId
from evergrant.testing.store_contract.facts import (
    BY_OPERATOR,
    DAY,
    ELSEWHERE,
    SECOND,
    START,
    a_client,
    a_pending,
    a_renewal,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.tenant import Contract, Tenant

ONE = grant_id(1)


class GrantContract(Contract):
    """Exchange, renewal, touch and redelivery, each on its condition."""

    async def test_an_unknown_grant_is_not_found(self, tenant: Tenant) -> None:
        assert await tenant.here.grant(grant_id(99)) is None

    # --- 0 -> 1 ---------------------------------------------------------------

    async def test_the_exchange_makes_a_pending_grant_active(self, tenant: Tenant) -> None:
        pending = await tenant.opened(a_pending(ONE))
        event = an_event(EventKind.GRANT_EXCHANGED, grant_id=ONE)
        assert await tenant.here.exchange(an_exchange(ONE), room=room(), events=[event]) == Opened()
        assert await tenant.grant(ONE) == replace(
            pending,
            state=GrantState.ACTIVE,
            generation=1,
            key_id=2,
            secret_digest=b"family--" * 4,
            expires_at=after(90 * DAY),
            renewed_at=after(SECOND),
            previous_renewed_at=START,
            used_at=after(SECOND),
            seen=ELSEWHERE,
            # All pending details but the challenge are gone: it still stands for the code, used or not.
            redirect_uri=None,
            nonce=None,
        )
        assert await tenant.events() == (event,)

    async def test_a_second_exchange_is_superseded_and_changes_nothing(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(ONE))
        await tenant.here.exchange(an_exchange(ONE), room=room(), events=())
        first = await tenant.grant(ONE)
        again = an_exchange(ONE, secret_digest=b"another-" * 4)
        assert await tenant.here.exchange(again, room=room(1), events=[an_event()]) == Superseded()
        assert await tenant.grant(ONE) == first
        assert await tenant.events() == ()

    async def test_a_revoked_pending_grant_cannot_be_exchanged(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(ONE))
        await tenant.here.revoke(ONE, BY_OPERATOR, seen=None, events=())
        assert await tenant.here.exchange(an_exchange(ONE), room=room(), events=()) == Superseded()

    async def test_a_grant_that_is_not_there_cannot_be_exchanged(self, tenant: Tenant) -> None:
        assert await tenant.here.exchange(an_exchange(ONE), room=room(), events=()) == Superseded()

    # --- renewal --------------------------------------------------------------

    async def test_a_renewal_moves_generation_and_times_and_nothing_else(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE, retries=0b0000_0011))
        renewal = a_renewal(grant, after(10 * SECOND), key_id=3)
        assert await tenant.here.renew(renewal, events=()) == Done()
        assert await tenant.grant(ONE) == replace(
            grant,
            generation=2,
            key_id=3,
            previous_renewed_at=START,
            renewed_at=after(10 * SECOND),
            used_at=after(10 * SECOND),
            retries=0b0000_0110,
            seen=ELSEWHERE,
        )

    async def test_a_renewal_may_tell_of_itself(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE))
        behind = an_event(EventKind.STORE_BEHIND, grant_id=ONE)
        await tenant.here.renew(a_renewal(grant, after(SECOND)), events=[behind])
        assert await tenant.events() == (behind,)

    async def test_retry_bits_reach_back_eight_generations(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE, retries=0b1000_0001))
        await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
        assert (await tenant.grant(ONE)).retries == 0b0000_0010

    async def test_adopting_a_generation_ahead_starts_the_retry_bits_afresh(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE, retries=0b11))
        await tenant.here.renew(a_renewal(grant, after(SECOND), to=9_000, adopts=True), events=())
        adopted = await tenant.grant(ONE)
        assert (adopted.generation, adopted.retries) == (9_000, 0)
        # The one before was current until this moment, as far as anybody can tell.
        assert adopted.previous_renewed_at == adopted.renewed_at == after(SECOND)

    @pytest.mark.parametrize(
        "stale", [{"generation": 0}, {"generation": 2}, {"renewed_at": after(1)}, {"grant_id": grant_id(2)}]
    )
    async def test_a_renewal_from_another_state_is_superseded(self, tenant: Tenant, stale: dict[str, Any]) -> None:
        grant = await tenant.opened(an_active(ONE))
        renewal = a_renewal(grant, after(SECOND), **stale)
        assert await tenant.here.renew(renewal, events=[an_event()]) == Superseded()
        assert await tenant.grant(ONE) == grant
        assert await tenant.events() == ()

    async def test_two_copies_of_one_renewal_have_one_winner(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE))
        renewal = a_renewal(grant, after(SECOND))
        outcomes = [await tenant.here.renew(renewal, events=()) for _ in range(2)]
        assert outcomes == [Done(), Superseded()]
        assert (await tenant.grant(ONE)).generation == 2

    async def test_a_revoked_grant_is_not_renewed(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE))
        await tenant.here.revoke(ONE, BY_OPERATOR, seen=None, events=())
        assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Superseded()

    async def test_a_pending_grant_is_not_renewed(self, tenant: Tenant) -> None:
        grant = await tenant.opened(a_pending(ONE))
        assert await tenant.here.renew(a_renewal(grant, after(SECOND)), events=()) == Superseded()

    # --- keeping a token ---------------------------------------------------------

    async def test_touching_moves_the_last_use_forward_and_never_back(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE))
        await tenant.here.touch(ONE, after(5))
        await tenant.here.touch(ONE, after(3))
        assert await tenant.grant(ONE) == replace(grant, used_at=after(5))

    async def test_touching_leaves_grants_alone_that_are_not_active(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(ONE))
        await tenant.here.touch(ONE, after(5))
        await tenant.here.touch(grant_id(2), after(5))
        assert await tenant.grant(ONE) == a_pending(ONE)

    # --- redelivery ---------------------------------------------------------------

    async def test_a_redelivery_writes_the_retry_bits_and_nothing_else(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE, retries=0b10))
        event = an_event(EventKind.RETRY_STREAK, grant_id=ONE)
        assert await tenant.here.redeliver(Redelivery(ONE, 1, 0b10, 0b11), events=[event]) == Done()
        assert await tenant.grant(ONE) == replace(grant, retries=0b11)
        assert await tenant.events() == (event,)

    @pytest.mark.parametrize(
        "stale", [Redelivery(ONE, 2, 0b10, 0b11), Redelivery(ONE, 1, 0, 1), Redelivery(grant_id(2), 1, 2, 3)]
    )
    async def test_a_redelivery_from_another_state_is_superseded(self, tenant: Tenant, stale: Redelivery) -> None:
        grant = await tenant.opened(an_active(ONE, retries=0b10))
        assert await tenant.here.redeliver(stale, events=[an_event()]) == Superseded()
        assert await tenant.grant(ONE) == grant
        assert await tenant.events() == ()

    async def test_a_revoked_grant_is_not_redelivered(self, tenant: Tenant) -> None:
        await tenant.opened(an_active(ONE))
        await tenant.here.revoke(ONE, BY_OPERATOR, seen=None, events=())
        assert await tenant.here.redeliver(Redelivery(ONE, 1, 0, 1), events=()) == Superseded()

    # --- the end --------------------------------------------------------------------

    async def test_revoking_says_when_by_whom_and_why(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE))
        event = an_event(EventKind.GRANT_REVOKED, grant_id=ONE)
        assert await tenant.here.revoke(ONE, BY_OPERATOR, seen=None, events=[event]) == Done()
        assert await tenant.grant(ONE) == replace(grant, state=GrantState.REVOKED, revocation=BY_OPERATOR)
        assert await tenant.events() == (event,)

    async def test_the_first_revocation_stands(self, tenant: Tenant) -> None:
        await tenant.opened(an_active(ONE))
        await tenant.here.revoke(ONE, BY_OPERATOR, seen=None, events=())
        later = replace(BY_OPERATOR, at=after(2 * DAY), reason="reused")
        assert await tenant.here.revoke(ONE, later, seen=None, events=[an_event()]) == Superseded()
        assert (await tenant.grant(ONE)).revocation == BY_OPERATOR
        assert await tenant.events() == ()

    async def test_a_judged_revocation_needs_the_grant_as_it_was_seen(self, tenant: Tenant) -> None:
        await tenant.opened(an_active(ONE))
        for seen in (GrantSeen(2, START, START), GrantSeen(1, after(1), START), GrantSeen(1, START, after(1))):
            assert await tenant.here.revoke(ONE, BY_OPERATOR, seen=seen, events=()) == Superseded()
        as_it_is = GrantSeen(1, START, START)
        assert await tenant.here.revoke(ONE, BY_OPERATOR, seen=as_it_is, events=()) == Done()

    async def test_a_grant_that_is_not_there_cannot_be_revoked(self, tenant: Tenant) -> None:
        assert await tenant.here.revoke(ONE, BY_OPERATOR, seen=None, events=()) == Superseded()

    # --- listing ----------------------------------------------------------------------

    async def test_grants_are_listed_newest_first_and_at_most_so_many(self, tenant: Tenant) -> None:
        for number, created in ((1, 20), (2, 30), (3, 10), (4, 10)):
            await tenant.opened(an_active(grant_id(number), created_at=after(created)))
        found = await tenant.here.grants(GrantFilter(), 3)
        assert [grant.id for grant in found] == [grant_id(2), grant_id(1), grant_id(4)]

    async def test_grants_are_found_by_subject_client_and_session(self, tenant: Tenant) -> None:
        await tenant.here.add_client(a_client("other"), events=())
        await tenant.opened(an_active(grant_id(1)))
        await tenant.opened(an_active(grant_id(2), client_id=ClientId("other")))
        await tenant.opened(an_active(grant_id(3), session_id="sid-2"))

        async def found(**wanted: Any) -> list[Grant]:
            return sorted(await tenant.here.grants(GrantFilter(**wanted), 9), key=lambda grant: grant.id)

        assert [g.id for g in await found(client_id="other")] == [grant_id(2)]
        assert [g.id for g in await found(session_id="sid-2")] == [grant_id(3)]
        assert len(await found(subject=tenant.subject.id)) == 3
        assert await found(subject=SubjectId("nobody")) == []
        assert await found(client_id="other", session_id="sid-2") == []

    async def test_times_far_from_now_are_kept_exactly(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(ONE, expires_at=Millis(2**53 - 1), auth_time=Millis(0)))
        assert await tenant.grant(ONE) == grant
