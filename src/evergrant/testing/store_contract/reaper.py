"""Forgetting: in small batches, and never a row that could still detect reuse of an unexpired token."""

import pytest

from evergrant.core.facts import Grant, GrantState
from evergrant.core.ports.ledger import Attempt, Done, Horizon, Superseded, Swept
from evergrant.core.ports.reader import GrantFilter
from evergrant.protocol.values import Millis
from evergrant.testing.store_contract.facts import (
    BY_OPERATOR,
    DAY,
    SECOND,
    START,
    a_pending,
    a_renewal,
    a_session,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.tenant import Contract, Tenant

NEVER = Millis(0)
LATE = after(10_000 * DAY)


def horizon(
    *,
    pending: Millis = NEVER,
    expired: Millis = NEVER,
    revoked: Millis = NEVER,
    now: Millis = NEVER,
    attempts: Millis = NEVER,
    events: Millis = NEVER,
) -> Horizon:
    """Before which times things may go."""
    return Horizon(pending, expired, revoked, now, attempts, events)


class ReaperContract(Contract):
    """Nothing goes that could still detect reuse."""

    async def _left(self, tenant: Tenant) -> list[Grant]:
        return list(await tenant.here.grants(GrantFilter(), 100))

    async def test_a_code_that_nobody_redeemed_goes_after_its_own_end(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(grant_id(1), pending_expires_at=after(5)))
        assert await tenant.here.sweep(horizon(pending=after(5)), 10) == Swept()
        assert await tenant.here.sweep(horizon(pending=after(6)), 10) == Swept(grants=1)
        assert await tenant.here.grant(grant_id(1)) is None

    async def test_a_grant_goes_after_its_absolute_end(self, tenant: Tenant) -> None:
        await tenant.opened(an_active(grant_id(1), expires_at=after(5)))
        assert await tenant.here.sweep(horizon(expired=after(5)), 10) == Swept()
        assert await tenant.here.sweep(horizon(expired=after(6)), 10) == Swept(grants=1)

    async def test_a_revoked_grant_goes_when_it_was_revoked_long_enough_ago(self, tenant: Tenant) -> None:
        for grant in (an_active(grant_id(1)), a_pending(grant_id(2))):
            await tenant.opened(grant)
            await tenant.here.revoke(grant.id, BY_OPERATOR, seen=None, events=())
        assert await tenant.here.sweep(horizon(revoked=BY_OPERATOR.at), 10) == Swept()
        # Revoked, it is no longer pending: the end of its code is no reason any more.
        assert await tenant.here.sweep(horizon(pending=LATE), 10) == Swept()
        later = Millis(BY_OPERATOR.at + 1)
        assert await tenant.here.sweep(horizon(revoked=later), 10) == Swept(grants=2)

    async def test_a_live_grant_stays_whatever_else_is_swept(self, tenant: Tenant) -> None:
        """It would take the memory of every spent token along, and reuse would look like an unknown token."""
        idle = an_active(grant_id(1), used_at=after(-400 * DAY), pending_expires_at=after(-400 * DAY))
        await tenant.opened(idle)
        swept = await tenant.here.sweep(horizon(pending=LATE, revoked=LATE, now=LATE, attempts=LATE, events=LATE), 10)
        assert swept.grants == 0
        assert await self._left(tenant) == [idle]

    async def test_a_pending_grant_has_no_absolute_end(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(grant_id(1)))
        assert await tenant.here.sweep(horizon(expired=LATE, revoked=LATE), 10) == Swept()

    async def test_after_renewals_and_a_sweep_every_spent_generation_is_still_told_from_the_current(
        self, tenant: Tenant
    ) -> None:
        await tenant.opened(a_pending(grant_id(1)))
        await tenant.here.exchange(an_exchange(grant_id(1)), room=room(), events=())
        for _ in range(5):
            grant = await tenant.grant(grant_id(1))
            renewal = a_renewal(grant, Millis(grant.renewed_at + SECOND))
            assert await tenant.here.renew(renewal, events=()) == Done()
        current = await tenant.grant(grant_id(1))
        now = after(80 * DAY)
        await tenant.here.sweep(Horizon(now, now, now, now, now, now), 1_000)
        assert await tenant.grant(grant_id(1)) == current
        assert current.generation == 6

    async def test_a_swept_grant_is_gone_for_every_verb(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(grant_id(1)))
        await tenant.here.sweep(horizon(expired=LATE), 10)
        assert await tenant.here.renew(a_renewal(grant, after(1)), events=()) == Superseded()
        assert await tenant.here.revoke(grant.id, BY_OPERATOR, seen=None, events=()) == Superseded()

    async def test_a_sweep_takes_at_most_so_many_grants_whatever_their_reason(self, tenant: Tenant) -> None:
        for number in range(1, 4):
            await tenant.opened(a_pending(grant_id(number)))
            await tenant.opened(an_active(grant_id(10 + number)))
            await tenant.opened(an_active(grant_id(20 + number)))
            await tenant.here.revoke(grant_id(20 + number), BY_OPERATOR, seen=None, events=())
        everything = horizon(pending=LATE, expired=LATE, revoked=LATE)
        for taken, left in ((4, 5), (4, 1), (1, 0), (0, 0)):
            assert await tenant.here.sweep(everything, 4) == Swept(grants=taken)
            assert len(await self._left(tenant)) == left

    async def test_what_is_swept_besides_grants_goes_by_its_own_time(self, tenant: Tenant) -> None:
        for number in (1, 2, 3):
            digest = bytes([number])
            await tenant.here.start_session(a_session(digest, expires_at=after(number)), replaces=None, events=())
            await tenant.here.claim_once("jti", digest, after(number), events=())
            await tenant.here.count_attempts([Attempt(digest, SECOND)], after(number))
            await tenant.here.record([an_event(at=after(number))])
        before = after(3)
        swept = await tenant.here.sweep(horizon(now=before, attempts=before, events=before), 10)
        assert swept == Swept(sessions=2, claims=2, attempts=2, events=2)
        assert [event.at for event in await tenant.events()] == [after(3)]
        assert await tenant.here.session(b"\x01") is None
        assert await tenant.here.session(b"\x03") is not None
        assert not await tenant.here.is_claimed("jti", b"\x01")
        assert await tenant.here.is_claimed("jti", b"\x03")
        assert await tenant.here.count_attempts([Attempt(b"\x03", DAY)], after(3)) == (2,)

    @pytest.mark.parametrize("limit", [1, 2])
    async def test_a_sweep_takes_at_most_so_many_of_each_kind(self, tenant: Tenant, limit: int) -> None:
        for number in (1, 2, 3):
            digest = bytes([number])
            await tenant.here.start_session(a_session(digest), replaces=None, events=())
            await tenant.here.claim_once("jti", digest, START, events=())
            await tenant.here.count_attempts([Attempt(digest, SECOND)], START)
            await tenant.here.record([an_event()])
        swept = await tenant.here.sweep(horizon(now=LATE, attempts=LATE, events=LATE), limit)
        assert swept == Swept(sessions=limit, claims=limit, attempts=limit, events=limit)

    async def test_sweeping_tells_states_apart(self, tenant: Tenant) -> None:
        await tenant.opened(an_active(grant_id(1), state=GrantState.ACTIVE))
        assert await tenant.here.sweep(horizon(pending=LATE, revoked=LATE), 10) == Swept()
