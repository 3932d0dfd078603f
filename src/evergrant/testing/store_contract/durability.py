"""What was acknowledged is there after the store was closed and opened again; a closed store says so."""

import pytest

from evergrant.core.ports.ledger import Attempt, Done, Superseded, Taken
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.store import RealmStore
from evergrant.testing.store_contract.facts import (
    DAY,
    SECOND,
    START,
    a_key,
    a_pending,
    a_realm,
    a_renewal,
    a_resource,
    a_session,
    after,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.isolation import QUESTIONS
from evergrant.testing.store_contract.tenant import Contract, MakeStore, Tenant, settle


class DurabilityContract(Contract):
    """What was acknowledged is there after a restart."""

    async def test_a_restart_keeps_everything(self, make_store: MakeStore) -> None:
        tenant = await settle(await make_store(), a_realm())
        here = tenant.here
        await tenant.opened(a_pending(grant_id(1)), events=[an_event(grant_id=grant_id(2))])
        await here.exchange(an_exchange(grant_id(1)), room=room(), events=())
        exchanged = await tenant.grant(grant_id(1))
        assert await here.renew(a_renewal(exchanged, after(5 * SECOND)), events=()) == Done()
        await here.start_session(a_session(), replaces=None, events=())
        await here.claim_once("jti", b"one", after(DAY), events=())
        await here.count_attempts([Attempt(b"key", DAY)], START)
        await here.add_resource(a_resource(), events=())
        await here.save_keys([a_key()], version=await tenant.version(), events=())
        before = await self._everything(here)
        await tenant.store.close()

        again = (await make_store()).realm_store(a_realm().id)
        assert await self._everything(again) == before
        assert await again.claim_once("jti", b"one", after(DAY), events=()) == Taken()
        assert await again.count_attempts([Attempt(b"key", DAY)], START) == (2,)
        # a token spent before the restart is spent after it.
        assert await again.renew(a_renewal(exchanged, after(6 * SECOND)), events=()) == Superseded()

    async def test_a_closed_store_is_unavailable(self, tenant: Tenant) -> None:
        await tenant.store.close()
        with pytest.raises(StoreUnavailable):
            await tenant.here.realm()
        with pytest.raises(StoreUnavailable):
            await tenant.here.record([an_event()])

    async def _everything(self, here: RealmStore) -> list[object]:
        return [await ask(here) for ask, _ in QUESTIONS.values()] + [await here.realm()]
