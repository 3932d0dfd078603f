"""Registering APIs. RFC 8707."""

from dataclasses import replace

import pytest

from evergrant.core.facts import EventKind
from evergrant.core.ports.reader import EventFilter
from evergrant.server.engine.operators.refusals import AlreadyExists, Invalid, NotFound
from evergrant.server.engine.operators.resources import NewResource, Resources
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import CALL, ISSUER, a_client

API = NewResource("https://api.example/orders", "Orders", {"orders:read": "See your orders."})


@pytest.fixture
async def resources(realm_store: MemoryRealm, clock: ManualClock) -> Resources:
    await realm_store.add_client(a_client("public"), events=())
    confidential = replace(a_client("api"), public=False, auth_method="client_secret_basic", secret_digest=b"d" * 32)
    await realm_store.add_client(confidential, events=())
    return Resources(realm_store, clock, ISSUER)


@pytest.mark.parametrize(
    "identifier",
    ["https://api.example", "https://api.example/", "urn:example:orders", "https://api.example:8443/v1?tenant=a"],
)
async def test_an_absolute_uri_is_an_identifier_and_is_kept_to_the_letter(
    resources: Resources, identifier: str
) -> None:
    await resources.create(CALL, replace(API, identifier=identifier))

    assert (await resources.show(identifier)).identifier == identifier


@pytest.mark.parametrize(
    "identifier",
    [
        *("", "orders", "/orders", "https://", "https:", "https://api.example/#x", "https://api.example#", "a b:c"),
        *("https://api.example/ x", "https://api.example/\n", "https://é.example", "https://[", "urn:" + "x" * 2000),
    ],
)
@pytest.mark.covers("RFC8707", "2")
async def test_anything_else_is_refused(resources: Resources, identifier: str) -> None:
    with pytest.raises(Invalid, match="RFC 8707"):
        await resources.create(CALL, replace(API, identifier=identifier))


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (replace(API, identifier=ISSUER), "issuer is an audience of its own"),
        (replace(API, scopes={"openid": "x"}), "OpenID Connect"),
        (replace(API, scopes={"a b": "x"}), "not allowed"),
        (replace(API, scopes={"read": ""}), "description of read"),
        (replace(API, scopes={"read": "x" * 301}), "description of read"),
        (replace(API, scopes={"read": "a\nb"}), "description of read"),
        (replace(API, name=""), "name must be"),
        (replace(API, access_token_lifetime=0), "for a second"),
        (replace(API, access_token_lifetime=-1), "for a second"),
        (replace(API, introspection_client="nobody"), "no client 'nobody'"),
        (replace(API, introspection_client="public"), "is public"),
    ],
)
async def test_an_api_that_must_not_be_is_refused_with_a_remedy(
    resources: Resources, realm_store: MemoryRealm, wanted: NewResource, sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await resources.create(CALL, wanted)

    assert sentence in refused.value.sentence
    assert refused.value.remedy.endswith(".")
    assert (await resources.list(), await realm_store.events(EventFilter(), 10)) == ((), ())


async def test_a_confidential_client_may_introspect(resources: Resources) -> None:
    assert (await resources.create(CALL, replace(API, introspection_client="api"))).introspection_client == "api"


async def test_the_name_is_the_identifier_if_none_is_given(resources: Resources) -> None:
    assert (await resources.create(CALL, replace(API, name=None))).name == API.identifier


async def test_two_apis_may_share_a_scope_if_they_say_the_same_of_it(resources: Resources) -> None:
    await resources.create(CALL, API)
    other = replace(API, identifier="urn:other")

    with pytest.raises(Invalid, match="defines the scope orders:read"):
        await resources.create(CALL, replace(other, scopes={"orders:read": "Delete your orders."}))

    assert (await resources.create(CALL, other)).scopes == API.scopes


async def test_one_identifier_is_one_api(resources: Resources) -> None:
    await resources.create(CALL, API)

    with pytest.raises(AlreadyExists):
        await resources.create(CALL, API)


async def test_a_deleted_api_is_gone_and_both_changes_are_events(
    resources: Resources, realm_store: MemoryRealm
) -> None:
    await resources.create(CALL, API)
    await resources.delete(CALL, API.identifier)

    events = await realm_store.events(EventFilter(correlation_id=CALL.correlation_id), 10)
    assert [(event.kind, event.detail["change"]) for event in reversed(events)] == [
        (EventKind.RESOURCE_CHANGED, "created"),
        (EventKind.RESOURCE_CHANGED, "deleted"),
    ]
    with pytest.raises(NotFound):
        await resources.show(API.identifier)
    with pytest.raises(NotFound):
        await resources.delete(CALL, API.identifier)
