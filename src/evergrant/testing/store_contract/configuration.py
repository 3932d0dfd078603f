"""Realms, clients, resources and signing keys; every change moves the realm's version by one, in the same step."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from evergrant.core.facts import EventKind, Realm
from evergrant.core.policy import EpochEvent
from evergrant.core.ports.ledger import Done, RevokeAll, Saved, Superseded, Taken
from evergrant.protocol.values import ClientId, Millis, RealmId
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    WEB,
    a_client,
    a_key,
    a_realm,
    a_resource,
    a_subject,
    after,
    an_event,
)
from evergrant.testing.store_contract.tenant import Contract, MakeStore, Tenant

NOTHING = RevokeAll((), BY_OPERATOR)
EVENT = an_event(EventKind.CLIENT_CHANGED)


class ConfigurationContract(Contract):
    """Clients, resources, realms and keys, and the version that moves with them."""

    # --- realms ----------------------------------------------------------------

    async def test_an_empty_store_is_healthy_and_has_no_realm(self, make_store: MakeStore) -> None:
        store = await make_store()
        assert (await store.health()).schema == "head"
        assert await store.realms() == ()

    async def test_realms_are_listed_by_name(self, make_store: MakeStore) -> None:
        store = await make_store()
        for name in ("default", "Zoo", "beta"):
            assert await store.create_realm(a_realm(name)) == Done()
        assert [realm.name for realm in await store.realms()] == ["Zoo", "beta", "default"]
        assert await store.realm_store(RealmId("id-beta")).realm() == a_realm("beta")

    @pytest.mark.parametrize("taken", [a_realm("other", id=RealmId("id-default")), a_realm(id=RealmId("other"))])
    async def test_a_realms_id_and_name_are_given_once(self, tenant: Tenant, taken: Realm) -> None:
        assert await tenant.store.create_realm(taken) == Taken()
        assert len(await tenant.store.realms()) == 1

    async def test_a_realm_that_nobody_created_is_a_slip(self, tenant: Tenant) -> None:
        nowhere = tenant.store.realm_store(RealmId("nowhere"))
        with pytest.raises(LookupError):
            await nowhere.realm()
        with pytest.raises(LookupError):
            await nowhere.add_client(a_client(), events=[EVENT])
        assert await nowhere.clients() == ()
        assert await nowhere.client(WEB) is None

    async def test_saving_a_realm_replaces_policy_and_epoch(self, tenant: Tenant) -> None:
        before = await tenant.here.realm()
        changed = replace(before, policy={"max_grants": 5}, epoch=4, epoch_event=EpochEvent.DISABLE)
        assert await tenant.here.save_realm(changed, events=[EVENT]) == Done()
        assert await tenant.here.realm() == replace(changed, version=before.version + 1)
        assert await tenant.events() == (EVENT,)

    async def test_saving_a_realm_that_moved_is_superseded(self, tenant: Tenant) -> None:
        before = await tenant.here.realm()
        await tenant.here.add_resource(a_resource(), events=())
        assert await tenant.here.save_realm(replace(before, policy={}), events=[EVENT]) == Superseded()
        assert (await tenant.here.realm()).policy == before.policy
        assert await tenant.events() == ()

    # --- clients ---------------------------------------------------------------

    async def test_a_client_is_read_as_it_was_added(self, tenant: Tenant) -> None:
        bare = a_client(
            "bare",
            secret_digest=None,
            public=True,
            first_party=True,
            require_pkce=False,
            strict_auth=False,
            grant_types=frozenset(),
            redirect_uris=(),
            policy={},
            auth_method="none",
            id_token_alg="ES256",
        )
        assert await tenant.here.add_client(bare, events=[EVENT]) == Done()
        assert await tenant.here.client(ClientId("bare")) == bare
        assert await tenant.here.client(WEB) == tenant.client
        assert await tenant.here.clients() == (bare, tenant.client)
        assert await tenant.events() == (EVENT,)

    @pytest.mark.parametrize("id", ["", "nobody", "WEB", "web\0", "\ud800"])
    async def test_an_unknown_client_is_not_found(self, tenant: Tenant, id: str) -> None:
        assert await tenant.here.client(ClientId(id)) is None

    async def test_a_client_id_is_given_once(self, tenant: Tenant) -> None:
        version = await tenant.version()
        outcome = await tenant.here.add_client(a_client(name="Other"), events=[EVENT])
        assert outcome == Taken()
        assert await tenant.here.client(WEB) == tenant.client
        assert (await tenant.version(), await tenant.events()) == (version, ())

    async def test_saving_a_client_replaces_it(self, tenant: Tenant) -> None:
        changed = a_client(name="New", disabled=True, secret_digest=b"new", epoch=6)
        assert await tenant.here.save_client(changed, revoke=None, events=[EVENT]) == Saved()
        assert await tenant.here.client(WEB) == replace(changed, revision=2)
        assert await tenant.events() == (EVENT,)

    async def test_saving_a_client_that_somebody_changed_is_superseded(self, tenant: Tenant) -> None:
        await tenant.here.save_client(tenant.client, revoke=None, events=())
        version = await tenant.version()
        stale = replace(tenant.client, name="Stale")
        assert await tenant.here.save_client(stale, revoke=None, events=[EVENT]) == Superseded()
        assert await tenant.here.client(WEB) == replace(tenant.client, revision=2)
        assert (await tenant.version(), await tenant.events()) == (version, ())

    async def test_a_client_that_is_not_there_cannot_be_saved_or_deleted(self, tenant: Tenant) -> None:
        version = await tenant.version()
        assert await tenant.here.save_client(a_client("x"), revoke=None, events=[EVENT]) == Superseded()
        gone = await tenant.here.delete_client(ClientId("x"), revoke=NOTHING, events=[EVENT])
        assert gone == Superseded()
        assert (await tenant.version(), await tenant.events()) == (version, ())

    # --- resources ----------------------------------------------------------------

    async def test_resources_come_and_go(self, tenant: Tenant) -> None:
        second = a_resource("urn:b", access_token_lifetime=60_000, introspection_client=None)
        for resource in (second, a_resource()):
            assert await tenant.here.add_resource(resource, events=[EVENT]) == Done()
        assert await tenant.here.resources() == (a_resource(), second)
        assert await tenant.here.add_resource(a_resource(name="x"), events=[EVENT]) == Taken()
        assert await tenant.here.delete_resource("urn:b", events=[EVENT]) == Done()
        assert await tenant.here.delete_resource("urn:b", events=[EVENT]) == Superseded()
        assert await tenant.here.resources() == (a_resource(),)
        assert await tenant.events() == (EVENT,) * 3

    # --- signing keys ----------------------------------------------------------------

    async def test_keys_are_added_and_replaced_in_one_step(self, tenant: Tenant) -> None:
        first, second = a_key("k-1"), a_key("k-2", alg="RS256", created_at=after(1))
        version = await tenant.version()
        assert await tenant.here.save_keys([second, first], version=version, events=[EVENT]) == Done()
        assert await tenant.here.signing_keys() == (first, second)
        retired = replace(first, retires_at=after(5), removed_at=after(6))
        assert await tenant.here.save_keys([retired], version=version + 1, events=()) == Done()
        assert await tenant.here.signing_keys() == (retired, second)
        assert await tenant.events() == (EVENT,)

    async def test_two_that_rotate_at_once_do_not_both(self, tenant: Tenant) -> None:
        version = await tenant.version()
        await tenant.here.save_keys([a_key("k-1")], version=version, events=())
        late = await tenant.here.save_keys([a_key("k-2")], version=version, events=[EVENT])
        assert late == Superseded()
        assert await tenant.here.signing_keys() == (a_key("k-1"),)
        assert await tenant.events() == ()

    async def test_keys_are_forgotten_once_they_left_the_published_set(self, tenant: Tenant) -> None:
        keys = [a_key("live"), a_key("soon", removed_at=after(10)), a_key("gone", removed_at=after(9))]
        await tenant.here.save_keys(keys, version=await tenant.version(), events=())
        version = await tenant.version()
        assert await tenant.here.drop_keys(after(10)) == 1
        assert [key.kid for key in await tenant.here.signing_keys()] == ["live", "soon"]
        assert await tenant.version() == version + 1
        # Nothing left to forget: nothing changed, nobody need read anything again.
        assert await tenant.here.drop_keys(after(10)) == 0
        assert await tenant.version() == version + 1

    async def test_the_private_half_is_not_shown(self, tenant: Tenant) -> None:
        await tenant.here.save_keys([a_key()], version=await tenant.version(), events=())
        assert "sealed" not in repr(await tenant.here.signing_keys()).replace("sealed_private", "")

    # --- the version -------------------------------------------------------------------

    async def test_every_change_moves_the_version_by_one(self, tenant: Tenant) -> None:
        here = tenant.here
        changes: list[Callable[[], Awaitable[object]]] = [
            lambda: here.add_client(a_client("other"), events=()),
            lambda: here.save_client(tenant.client, revoke=None, events=()),
            lambda: here.delete_client(WEB, revoke=NOTHING, events=()),
            lambda: here.add_subject(a_subject("1", "bob"), None, events=()),
            lambda: here.save_subject(tenant.subject, password_hash=None, end_sessions=False, revoke=None, events=()),
            lambda: here.delete_subject(ADA, revoke=NOTHING, events=()),
            lambda: here.add_resource(a_resource(), events=()),
            lambda: here.delete_resource(a_resource().identifier, events=()),
        ]
        version = await tenant.version()
        for number, change in enumerate(changes, start=1):
            await change()
            assert await tenant.version() == version + number

    async def test_what_is_not_configuration_leaves_the_version_alone(self, tenant: Tenant) -> None:
        version = await tenant.version()
        await tenant.here.record([EVENT])
        await tenant.here.claim_once("jti", b"one", Millis(0), events=())
        await tenant.here.revoke_all(NOTHING, events=())
        assert await tenant.version() == version
