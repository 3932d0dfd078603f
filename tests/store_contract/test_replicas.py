"""Several PostgreSQL servers for one store: what a commit waits for, and which of them is asked."""

import asyncio
from collections.abc import Awaitable

import psycopg
from sqlalchemy import make_url

from evergrant.core.ports.ledger import Done, Opened
from evergrant.store.open import open_store
from evergrant.store.upgrade import check, upgrade
from evergrant.testing.store_contract.facts import (
    BY_OPERATOR,
    SECOND,
    a_pending,
    a_realm,
    a_renewal,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.tenant import settle
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.waiting import until

AWAY = "somebody who is away"
APART = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query NOT LIKE '%RETURNING%'"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def wait_for(postgres: PostgresServer, *standbys: str) -> None:
    """Let commits wait for these; nobody is there."""
    named = ", ".join(f'"{standby}"' for standby in standbys)
    postgres.do(f"ALTER SYSTEM SET synchronous_standby_names = '{named}'", "SELECT pg_reload_conf()")
    until(lambda: postgres.see("SHOW synchronous_standby_names") == (named,), what="the setting holds")


async def waited(postgres: PostgresServer, verb: Awaitable[object]) -> object:
    """What becomes of a verb that must wait for a standby before it is answered."""
    wait_for(postgres, AWAY)
    asked = asyncio.ensure_future(verb)
    await asyncio.to_thread(until, lambda: postgres.see(WAITING) == (1,), what="it waits for the standby")
    assert not asked.done()
    wait_for(postgres)
    return await asked


async def test_a_renewal_may_be_set_to_wait_for_the_disk_alone_and_nothing_else_may(
    private_postgres: PostgresServer,
) -> None:
    """A renewal that a fail-over forgets heals by itself; all else waits until it cannot be forgotten.

    Also where somebody gave the database a time-out: PostgreSQL takes a cut wait for a commit that went well.
    """
    url = private_postgres.new_database()
    upgrade(url)
    private_postgres.do(f"ALTER DATABASE {make_url(url).database} SET statement_timeout = '1ms'")
    store, as_usual = open_store(url, renewals="local"), open_store(url)
    tenant = await settle(store, a_realm())
    first, second, third = [await tenant.opened(an_active(grant_id(number))) for number in (1, 2, 3)]
    code = await tenant.opened(a_pending(grant_id(4)))
    here = tenant.here
    wait_for(private_postgres, AWAY)

    renewed = await here.renew(a_renewal(first, after(SECOND)), events=())
    verbs = (
        here.open_grant(an_active(grant_id(5)), consent=None, room=None, events=()),
        here.exchange(an_exchange(code.id), room=room(), events=()),
        here.renew(a_renewal(second, after(SECOND), to=9, adopts=True), events=[an_event()]),
        here.revoke(third.id, BY_OPERATOR, seen=None, events=()),
    )
    outcomes = [await waited(private_postgres, verb) for verb in verbs]
    again = a_renewal(await tenant.grant(first.id), after(2 * SECOND))
    unless_said = await waited(private_postgres, as_usual.realm_store(tenant.realm.id).renew(again, events=()))

    assert renewed == Done()
    assert outcomes == [Opened(), Opened(), Done(), Done()]
    assert unless_said == Done()
    await store.close()
    await as_usual.close()


async def test_a_renewal_that_met_a_held_row_waits_for_the_disk_alone_too(private_postgres: PostgresServer) -> None:
    """Its batch was refused, so it goes on a connection of its own; its neighbours in the batch do as well."""
    url = private_postgres.new_database()
    upgrade(url)
    store = open_store(url, renewals="local")
    tenant = await settle(store, a_realm())
    grant = await tenant.opened(an_active(grant_id(1)))
    wait_for(private_postgres, AWAY)

    with psycopg.connect(url.replace("+psycopg", "")) as holder:
        holder.execute("SELECT 1 FROM grants FOR UPDATE")
        renewing = asyncio.ensure_future(tenant.here.renew(a_renewal(grant, after(SECOND)), events=()))
        await asyncio.to_thread(until, lambda: private_postgres.see(APART), what="it waits for the row, alone")
        holder.rollback()

    assert await renewing == Done()
    await store.close()


async def test_of_several_servers_in_a_url_the_one_that_can_write_is_found(postgres: PostgresServer) -> None:
    """As libpq has it. Each way into the database finds it: upgrades, questions, verbs, and renewals in batches."""
    name = make_url(postgres.new_database()).database
    servers = f"127.0.0.1:{free_port()},127.0.0.1:{postgres.port}"
    url = f"postgresql://evergrant@{servers}/{name}?target_session_attrs=read-write"

    upgrade(url)
    store = open_store(url)
    tenant = await settle(store, a_realm())
    grant = await tenant.opened(an_active(grant_id(1)))
    renewed = await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())

    assert (check(url), renewed) == ("head", Done())
    assert (await tenant.grant(grant.id)).generation == 2
    await store.close()
