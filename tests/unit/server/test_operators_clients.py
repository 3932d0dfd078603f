"""Registering clients: what must not be is refused with a remedy, secrets are shown once, grants follow the policy."""

from dataclasses import replace

import pytest

from evergrant.core.credential import client_secret_digest
from evergrant.core.facts import Client, EventKind, GrantState
from evergrant.core.policy import MINUTE, EpochEvent, PolicyValue, Profile
from evergrant.core.ports.ledger import Events, RevokeAll, Saved, Superseded
from evergrant.core.ports.reader import EventFilter
from evergrant.protocol.scope import Scope
from evergrant.server.engine.operators.clients import Clients, ClientUpdate, NewClient
from evergrant.server.engine.operators.refusals import AlreadyExists, Contested, Invalid, NotFound
from evergrant.store.memory import MemoryStore
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import CALL, REALM, a_grant, a_resource, a_subject

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", "password")
URI = "https://app.example/cb"
WEB = NewClient(id="web", public=True, redirect_uris=(URI,), scope="openid offline_access")
SERVICE = NewClient(id="service", grant_types=("client_credentials",))


@pytest.fixture
def clients(realm_store: MemoryRealm, clock: ManualClock, chance: Chance) -> Clients:
    return Clients(realm_store, clock, chance, GRANT_TYPES)


async def changes(store: MemoryRealm) -> list[str]:
    """What the audit trail says was done, oldest first."""
    found = await store.events(EventFilter(correlation_id=CALL.correlation_id), 100)
    return [event.detail["change"] for event in reversed(found) if event.kind is EventKind.CLIENT_CHANGED]


async def test_a_public_client_has_no_secret_and_needs_pkce(clients: Clients) -> None:
    made = await clients.create(CALL, WEB)

    assert (made.secret, made.client.secret_digest, made.client.auth_method) == (None, None, "none")
    assert made.client.require_pkce


async def test_a_confidential_clients_secret_is_shown_once_and_kept_as_a_digest(clients: Clients) -> None:
    made = await clients.create(CALL, SERVICE)

    assert made.secret is not None
    assert made.secret.reveal().startswith("eg_cs_")
    assert (await clients.show("service")).secret_digest == client_secret_digest(made.secret)
    assert "eg_cs_" not in repr(made)


async def test_an_id_is_made_if_none_is_given(clients: Clients) -> None:
    made = (await clients.create(CALL, replace(SERVICE, id=None))).client

    assert made.id.startswith("c_")
    assert len(made.id) == 18
    assert made.name == made.id


async def test_two_clients_cannot_have_one_id(clients: Clients) -> None:
    await clients.create(CALL, WEB)

    with pytest.raises(AlreadyExists):
        await clients.create(CALL, WEB)


@pytest.mark.parametrize("client_id", ["u_ada", "a b", "é", "", "x" * 65, "a/b", "a\n"])
async def test_an_id_that_could_be_taken_for_something_else_is_refused(clients: Clients, client_id: str) -> None:
    """S-015"""
    wanted = replace(SERVICE, id=client_id)
    if not client_id:
        assert (await clients.create(CALL, wanted)).client.id.startswith("c_")
        return
    with pytest.raises(Invalid):
        await clients.create(CALL, wanted)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (replace(WEB, grant_types=("implicit",)), "no grant type 'implicit'"),
        (replace(WEB, grant_types=()), "needs a grant type"),
        (replace(WEB, grant_types=("refresh_token",), redirect_uris=()), "nothing to refresh"),
        (replace(WEB, grant_types=("client_credentials",), redirect_uris=()), "no credentials"),
        (replace(SERVICE, grant_types=("password",)), "OAuth 2.1 removed it"),
        (replace(WEB, profile=Profile.FAPI2), "fapi2"),
        (replace(WEB, require_pkce=False), "PKCE"),
        (replace(WEB, auth_method="client_secret_basic"), "no secret"),
        (replace(SERVICE, auth_method="none"), "no secret"),
        (replace(WEB, redirect_uris=()), "needs a redirect URI"),
        (replace(SERVICE, redirect_uris=(URI,)), "Only authorization_code"),
        (replace(WEB, redirect_uris=("http://app.example/cb",)), "not encrypted"),
        (replace(WEB, redirect_uris=("https://app.example/cb#x",)), "fragment"),
        (replace(WEB, redirect_uris=("https://*.example/cb",)), "character that is not allowed"),
        (replace(WEB, redirect_uris=("javascript:alert(1)",)), "scheme is not allowed"),
        (replace(WEB, post_logout_redirect_uris=("http://app.example",)), "not encrypted"),
        (replace(WEB, allowed_origins=("https://app.example/",)), "no origin"),
        (replace(WEB, allowed_origins=("*",)), "no origin"),
        (replace(WEB, allowed_origins=("null",)), "no origin"),
        (replace(WEB, scope='open"id'), "character that is not allowed"),
        (replace(WEB, audiences=("https://api.example",)), "no resource"),
        (replace(WEB, name=" "), "cannot be a name"),
        (replace(WEB, name="a\nb"), "cannot be a name"),
        (replace(SERVICE, roles=("",)), "cannot be a role"),
        (replace(WEB, policy={"retry_window": 1}), "retry_window"),
        (replace(WEB, policy={"no_such": 1}), "no such policy"),
    ],
)
async def test_a_client_that_must_not_be_is_refused_with_a_remedy(
    clients: Clients, realm_store: MemoryRealm, wanted: NewClient, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await clients.create(CALL, wanted)

    assert sentence in refused.value.sentence
    assert refused.value.remedy.endswith(".")
    assert (await clients.list(), await changes(realm_store)) == ((), [])


@pytest.mark.parametrize(
    "wanted",
    [
        replace(WEB, redirect_uris=("com.example.app:/cb", "http://127.0.0.1/cb", "http://[::1]/cb")),
        replace(SERVICE, grant_types=("password", "refresh_token"), profile=Profile.LEGACY),
        replace(WEB, allowed_origins=("https://app.example", "http://localhost:3000")),
        replace(SERVICE, auth_method="client_secret_post", strict_auth=True, roles=("robot",)),
        replace(WEB, policy={"access_token_lifetime": MINUTE}),
    ],
)
async def test_what_may_be_is_registered(clients: Clients, wanted: NewClient) -> None:
    made = (await clients.create(CALL, wanted)).client

    assert await clients.show(made.id) == made


async def test_a_private_scheme_is_for_public_clients(clients: Clients) -> None:
    with pytest.raises(Invalid, match="native"):
        await clients.create(CALL, replace(WEB, public=False, redirect_uris=("com.example.app:/cb",)))


async def test_an_audience_must_be_registered_first(clients: Clients, realm_store: MemoryRealm) -> None:
    await realm_store.add_resource(a_resource(), events=())

    made = await clients.create(CALL, replace(WEB, audiences=("https://api.example",)))

    assert made.client.audiences == ("https://api.example",)


async def test_an_update_changes_what_is_named_and_nothing_else(clients: Clients) -> None:
    before = (await clients.create(CALL, WEB)).client

    after = (await clients.update(CALL, "web", ClientUpdate(name="Web", scope="openid"))).client

    expected = replace(before, name="Web", scope=Scope.of("openid"), revision=before.revision + 1)
    assert (after, await clients.show("web")) == (expected, expected)


@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        ({"max_grants": 5}, {"access_token_lifetime": MINUTE}, {"max_grants": 5, "access_token_lifetime": MINUTE}),
        ({"max_grants": 5}, {"max_grants": None}, {}),
        ({"max_grants": 5}, {"max_grants": 6}, {"max_grants": 6}),
    ],
)
async def test_policies_are_changed_one_by_one_and_put_back_by_none(
    clients: Clients,
    first: dict[str, PolicyValue],
    then: dict[str, PolicyValue | None],
    left: dict[str, PolicyValue],
) -> None:
    await clients.create(CALL, replace(WEB, policy=first))

    assert (await clients.update(CALL, "web", ClientUpdate(policy=then))).client.policy == left


async def test_an_update_to_what_must_not_be_writes_nothing(clients: Clients) -> None:
    before = (await clients.create(CALL, WEB)).client

    with pytest.raises(Invalid):
        await clients.update(CALL, "web", ClientUpdate(redirect_uris=("http://app.example",)))

    assert await clients.show("web") == before


async def test_an_update_that_changes_nothing_is_no_event(clients: Clients, realm_store: MemoryRealm) -> None:
    await clients.create(CALL, WEB)

    await clients.update(CALL, "web", ClientUpdate(scope="offline_access openid", name="web"))

    assert await changes(realm_store) == ["created"]


async def test_an_audience_that_was_deleted_since_does_not_stop_an_unrelated_update(
    clients: Clients, realm_store: MemoryRealm
) -> None:
    await realm_store.add_resource(a_resource(), events=())
    await clients.create(CALL, replace(WEB, audiences=("https://api.example",)))
    await realm_store.delete_resource("https://api.example", events=())

    assert (await clients.update(CALL, "web", ClientUpdate(name="Web"))).client.name == "Web"


@pytest.mark.parametrize("client_id", ["nobody", ""])
async def test_a_client_that_is_not_there_is_not_found_by_anything(clients: Clients, client_id: str) -> None:
    for doing in (
        clients.show(client_id),
        clients.update(CALL, client_id, ClientUpdate(name="x")),
        clients.disable(CALL, client_id),
        clients.enable(CALL, client_id),
        clients.rotate_secret(CALL, client_id),
        clients.delete(CALL, client_id),
    ):
        with pytest.raises(NotFound):
            await doing


async def opened(store: MemoryRealm, client_id: str, *, offline: bool = True) -> bytes:
    await store.add_subject(a_subject(), None, events=())
    grant = a_grant(client_id=client_id, offline=offline)
    await store.open_grant(grant, consent=None, room=None, events=())
    return grant.id


async def state_of(store: MemoryRealm) -> GrantState:
    facts = await store.grant(a_grant().id)
    assert facts is not None
    return facts.grant.state


@pytest.mark.parametrize(
    ("action", "offline", "ends"),
    [
        ("ignore", True, False),
        ("re-evaluate", True, False),
        ("revoke_online", True, False),
        ("revoke_online", False, True),
        ("revoke_all", True, True),
    ],
)
async def test_disabling_a_client_ends_its_grants_as_its_policy_says_and_moves_the_epoch_anyway(
    clients: Clients, realm_store: MemoryRealm, action: str, offline: bool, ends: bool
) -> None:
    await clients.create(CALL, replace(WEB, policy={"on_disable": action}))
    await opened(realm_store, "web", offline=offline)

    changed = await clients.disable(CALL, "web")

    assert (changed.client.disabled, changed.client.epoch, changed.client.epoch_event) == (True, 1, EpochEvent.DISABLE)
    assert changed.grants_ended == int(ends)
    assert await state_of(realm_store) is (GrantState.REVOKED if ends else GrantState.ACTIVE)


async def test_disabling_one_client_leaves_the_grants_of_others(clients: Clients, realm_store: MemoryRealm) -> None:
    await clients.create(CALL, WEB)
    await clients.create(CALL, SERVICE)
    await opened(realm_store, "web")

    assert (await clients.disable(CALL, "service")).grants_ended == 0


async def test_disabling_twice_is_one_change(clients: Clients, realm_store: MemoryRealm) -> None:
    await clients.create(CALL, WEB)

    for _ in range(2):
        await clients.disable(CALL, "web")

    assert ((await clients.show("web")).epoch, await changes(realm_store)) == (1, ["created", "disabled"])


async def test_an_enabled_client_works_again_and_ended_grants_stay_ended(
    clients: Clients, realm_store: MemoryRealm
) -> None:
    await clients.create(CALL, WEB)
    await opened(realm_store, "web")
    await clients.disable(CALL, "web")

    changed = await clients.enable(CALL, "web")

    assert (changed.client.disabled, await state_of(realm_store)) == (False, GrantState.REVOKED)


async def test_a_rotated_secret_replaces_the_old_one_and_keeps_grants_by_default(
    clients: Clients, realm_store: MemoryRealm
) -> None:
    first = await clients.create(CALL, replace(SERVICE, id="web"))
    await opened(realm_store, "web")

    second = await clients.rotate_secret(CALL, "web")

    assert second.secret is not None
    assert second.secret != first.secret
    assert (await clients.show("web")).secret_digest == client_secret_digest(second.secret)
    assert (second.client.epoch_event, await state_of(realm_store)) == (EpochEvent.SECRET_ROTATION, GrantState.ACTIVE)


async def test_a_rotated_secret_ends_grants_where_the_realm_says_so(clients: Clients, realm_store: MemoryRealm) -> None:
    await clients.create(CALL, replace(SERVICE, id="web"))
    await opened(realm_store, "web")
    realm = await realm_store.realm()
    await realm_store.save_realm(replace(realm, policy={"on_secret_rotation": "revoke_all"}), events=())

    assert (await clients.rotate_secret(CALL, "web")).grants_ended == 1


async def test_a_public_client_has_no_secret_to_rotate(clients: Clients) -> None:
    await clients.create(CALL, WEB)

    with pytest.raises(Invalid, match="public"):
        await clients.rotate_secret(CALL, "web")


async def test_a_deleted_client_takes_its_grants_with_it(clients: Clients, realm_store: MemoryRealm) -> None:
    await clients.create(CALL, replace(WEB, policy={"on_disable": "ignore"}))
    await opened(realm_store, "web")

    assert await clients.delete(CALL, "web") == 1
    assert (await clients.list(), await state_of(realm_store)) == ((), GrantState.REVOKED)
    assert await changes(realm_store) == ["created", "deleted"]


class Busy(MemoryRealm):
    """A store in which somebody else saves the same client first, so many times."""

    times = 0

    async def save_client(self, client: Client, /, *, revoke: RevokeAll | None, events: Events) -> Saved | Superseded:
        if self.times:
            self.times -= 1
            stored = await self.client(client.id)
            assert stored is not None
            await super().save_client(replace(stored, name=f"other {self.times}"), revoke=None, events=())
        return await super().save_client(client, revoke=revoke, events=events)


@pytest.fixture
async def busy(store: MemoryStore, realm_store: MemoryRealm) -> Busy:
    return Busy(store._tables, REALM)


async def test_an_update_that_met_another_one_loses_neither(busy: Busy, clock: ManualClock, chance: Chance) -> None:
    clients = Clients(busy, clock, chance, GRANT_TYPES)
    await clients.create(CALL, WEB)
    busy.times = 2

    await clients.update(CALL, "web", ClientUpdate(scope="openid"))

    after = await clients.show("web")
    assert (after.name, after.scope) == ("other 0", Scope.of("openid"))


async def test_an_update_that_always_meets_another_one_says_so(busy: Busy, clock: ManualClock, chance: Chance) -> None:
    clients = Clients(busy, clock, chance, GRANT_TYPES)
    await clients.create(CALL, WEB)
    busy.times = 100

    with pytest.raises(Contested):
        await clients.disable(CALL, "web")

    assert not (await clients.show("web")).disabled
