"""A verb whose event cannot be written does nothing at all: no change without its row in the audit trail."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from evergrant.core.ports.ledger import Redelivery, RevokeAll, RevokeWhere
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.store import RealmStore, Store
from evergrant.store.sql.store import SqlStore
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    WEB,
    a_client,
    a_consent,
    a_key,
    a_pending,
    a_realm,
    a_renewal,
    a_resource,
    a_session,
    a_subject,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.isolation import QUESTIONS
from evergrant.testing.store_contract.tenant import MakeStore, Tenant, settle

ALL = RevokeAll((RevokeWhere(),), BY_OPERATOR)
TOLD = (an_event(),)
PENDING, ACTIVE = grant_id(1), grant_id(2)

VERBS: dict[str, Callable[[RealmStore], Awaitable[object]]] = {
    "open_grant": lambda r: r.open_grant(
        an_active(grant_id(3)), consent=a_consent(granted_at=after(1)), room=None, events=TOLD
    ),
    "open_grant, making room": lambda r: r.open_grant(an_active(grant_id(3)), consent=None, room=room(1), events=()),
    "exchange": lambda r: r.exchange(an_exchange(PENDING), room=room(), events=TOLD),
    "exchange, making room": lambda r: r.exchange(an_exchange(PENDING), room=room(1), events=()),
    "renew": lambda r: r.renew(a_renewal(an_active(ACTIVE), after(1)), events=TOLD),
    "redeliver": lambda r: r.redeliver(Redelivery(ACTIVE, 1, 0, 1), events=TOLD),
    "revoke": lambda r: r.revoke(ACTIVE, BY_OPERATOR, seen=None, events=TOLD),
    "revoke_all": lambda r: r.revoke_all(ALL, events=TOLD),
    "claim_once": lambda r: r.claim_once("jti", b"two", after(1), events=TOLD),
    "start_session": lambda r: r.start_session(a_session(b"x"), replaces=a_session().digest, events=TOLD),
    "end_session": lambda r: r.end_session(a_session().digest, revoke=ALL, events=TOLD),
    "record": lambda r: r.record(TOLD),
    "add_client": lambda r: r.add_client(a_client("other"), events=TOLD),
    "save_client": lambda r: r.save_client(a_client(name="x"), revoke=ALL, events=TOLD),
    "delete_client": lambda r: r.delete_client(WEB, revoke=ALL, events=TOLD),
    "add_subject": lambda r: r.add_subject(a_subject("1", "bob"), None, events=TOLD),
    "save_subject": lambda r: r.save_subject(
        a_subject(roles=()), password_hash="x", end_sessions=True, revoke=ALL, events=TOLD
    ),
    "delete_subject": lambda r: r.delete_subject(ADA, revoke=ALL, events=TOLD),
    "add_resource": lambda r: r.add_resource(a_resource("urn:x"), events=TOLD),
    "delete_resource": lambda r: r.delete_resource(a_resource().identifier, events=TOLD),
    "save_realm": lambda r: r.save_realm(a_realm(version=5, epoch=9), events=TOLD),
    "save_keys": lambda r: r.save_keys([a_key("k-2")], version=5, events=TOLD),
}

BROKEN = {
    "sqlite": ["CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'broken'); END"],
    "postgresql": [
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END'",
        "CREATE TRIGGER broken BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION broken()",
    ],
}


async def settled(store: Store) -> Tenant:
    """A tenant that has one of everything, and whose audit trail cannot be written any more."""
    tenant = await settle(store, a_realm())
    here = tenant.here
    await tenant.opened(a_pending(PENDING))
    await here.open_grant(an_active(ACTIVE), consent=a_consent(), room=None, events=TOLD)
    await here.start_session(a_session(), replaces=None, events=())
    await here.claim_once("jti", b"one", after(1), events=())
    await here.add_resource(a_resource(), events=())
    await here.save_keys([a_key()], version=await tenant.version(), events=())
    assert await tenant.version() == 5
    assert isinstance(store, SqlStore)
    with store.engines()[0].begin() as connection:
        for statement in BROKEN[connection.dialect.name]:
            connection.execute(text(statement))
    return tenant


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("make_store", ["sqlite", "postgresql"], indirect=True)
async def test_without_its_event_nothing_happens(make_store: MakeStore, verb: str) -> None:
    tenant = await settled(await make_store())
    before = await everything(tenant)
    with pytest.raises(StoreUnavailable):
        await VERBS[verb](tenant.here)
    assert await everything(tenant) == before


async def everything(tenant: Tenant) -> list[object]:
    asked = [await ask(tenant.here) for ask, _ in QUESTIONS.values()]
    return [*asked, await tenant.here.grant(ACTIVE), await tenant.here.realm()]
