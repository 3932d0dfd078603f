"""What an access token may carry: scope and one audience, at opening and at every later request."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.core.access import Asked, Grantable, grantable, narrow
from evergrant.core.policy import MINUTE, Policy
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidScope, InvalidTarget
from evergrant.protocol.forms import read_query
from evergrant.protocol.scope import Scope
from tests.unit.core.cases import API, CLIENT, ISSUER, OTHER_API, RESOURCES

POLICY = Policy()
GRANTED = Grantable(Scope.parse("openid offline_access read write"), (API,))
BOTH = Grantable(Scope.parse("openid read write photos"), (API, OTHER_API))


def asked(scope: str | None = None, *resources: str) -> Asked:
    return Asked(None if scope is None else Scope.parse(scope), resources)


# --- what a new grant may hold ------------------------------------------------------


def test_who_names_no_scope_gets_all_but_those_that_change_what_a_grant_is() -> None:
    granted = grantable(asked(), CLIENT, RESOURCES, ISSUER)

    assert granted.scope == Scope.parse("profile read write photos")


def test_nobody_is_granted_what_its_client_may_not_ask_for() -> None:
    """R-044"""
    with pytest.raises(InvalidScope) as refused:
        grantable(asked("read admin"), CLIENT, RESOURCES, ISSUER)

    assert refused.value.reason is Reason.TOO_WIDE_SCOPE


@pytest.mark.parametrize(
    ("scope", "resources"),
    [("read", (API,)), ("photos", (OTHER_API,)), ("read photos", (API, OTHER_API)), ("openid", (API,))],
)
def test_the_resources_follow_from_the_scopes_or_are_the_clients_first(scope: str, resources: tuple[str, ...]) -> None:
    assert grantable(asked(scope), CLIENT, RESOURCES, ISSUER).resources == resources


def test_resources_that_are_named_are_taken_once_each_in_their_order() -> None:
    """RFC 8707 §2"""
    assert grantable(asked("read", OTHER_API, API, OTHER_API), CLIENT, RESOURCES, ISSUER).resources == (OTHER_API, API)


def test_the_issuer_itself_may_be_named() -> None:
    assert grantable(asked("openid", ISSUER), CLIENT, RESOURCES, ISSUER).resources == ()


@pytest.mark.parametrize("wanted", [("https://gone.example",), (API, "https://gone.example"), (ISSUER, API)])
def test_a_resource_that_is_unknown_or_not_the_clients_is_refused(wanted: tuple[str, ...]) -> None:
    with pytest.raises(InvalidTarget):
        grantable(asked("openid", *wanted), CLIENT, RESOURCES, ISSUER)
    with pytest.raises(InvalidTarget):
        grantable(asked("openid", OTHER_API), replace(CLIENT, audiences=(API,)), RESOURCES, ISSUER)


def test_without_any_resource_the_issuer_is_the_audience() -> None:
    alone = replace(CLIENT, audiences=())

    granted = grantable(asked("openid"), alone, {}, ISSUER)

    assert granted.resources == ()
    assert narrow(asked(), granted, alone, {}, ISSUER, POLICY).audience == ISSUER


# --- what one access token carries -----------------------------------------------------


def test_who_asks_for_nothing_gets_the_whole_grant() -> None:
    access = narrow(asked(), GRANTED, CLIENT, RESOURCES, ISSUER, POLICY)

    assert (access.scope, access.audience, access.lifetime) == (GRANTED.scope, API, POLICY.access_token_lifetime)


def test_less_may_be_asked_for() -> None:
    """RFC 6749 §6"""
    assert str(narrow(asked("read"), GRANTED, CLIENT, RESOURCES, ISSUER, POLICY).scope) == "read"


@pytest.mark.parametrize("scope", ["photos", "read photos", "openid offline_access read write profile"])
def test_more_may_not(scope: str) -> None:
    """S-033: not even what the client may ask for in general."""
    with pytest.raises(InvalidScope) as refused:
        narrow(asked(scope), GRANTED, CLIENT, RESOURCES, ISSUER, POLICY)

    assert refused.value.reason is Reason.TOO_WIDE_SCOPE


def test_a_token_has_one_audience_and_only_its_scopes() -> None:
    """S-037: a photo service cannot use the token it was shown on the notes."""
    notes = narrow(asked(), BOTH, CLIENT, RESOURCES, ISSUER, POLICY)
    photos = narrow(asked(None, OTHER_API), BOTH, CLIENT, RESOURCES, ISSUER, POLICY)

    assert (str(notes.scope), notes.audience) == ("openid read write", API)
    assert (str(photos.scope), photos.audience) == ("openid photos", OTHER_API)


def test_a_scope_that_two_resources_know_is_good_for_either() -> None:
    shared = {**RESOURCES, OTHER_API: replace(RESOURCES[OTHER_API], scopes={"read": "Read", "photos": "See"})}

    assert "read" in narrow(asked(None, OTHER_API), BOTH, CLIENT, shared, ISSUER, POLICY).scope
    assert "read" in narrow(asked(), BOTH, CLIENT, shared, ISSUER, POLICY).scope


@pytest.mark.parametrize("resources", [(API, OTHER_API), (ISSUER,), ("https://gone.example",)])
def test_another_target_is_refused(resources: tuple[str, ...]) -> None:
    with pytest.raises(InvalidTarget) as refused:
        narrow(asked(None, *resources), GRANTED, CLIENT, RESOURCES, ISSUER, POLICY)

    assert refused.value.reason is Reason.WRONG_TARGET


def test_what_the_client_lost_since_is_dropped() -> None:
    """R-006: a scope taken from a client is gone from its next token."""
    less = replace(CLIENT, scope=Scope.parse("openid read"))

    assert str(narrow(asked(), GRANTED, less, RESOURCES, ISSUER, POLICY).scope) == "openid read"


def test_a_client_that_lost_everything_gets_nothing() -> None:
    with pytest.raises(InvalidScope) as refused:
        narrow(asked(), GRANTED, replace(CLIENT, scope=Scope()), RESOURCES, ISSUER, POLICY)

    assert refused.value.reason is Reason.NO_SCOPE_LEFT


def test_a_resource_that_was_deleted_or_taken_from_the_client_is_no_audience() -> None:
    with pytest.raises(InvalidTarget):
        narrow(asked(), GRANTED, CLIENT, {}, ISSUER, POLICY)
    with pytest.raises(InvalidTarget):
        narrow(asked(), GRANTED, replace(CLIENT, audiences=(OTHER_API,)), RESOURCES, ISSUER, POLICY)


def test_a_grant_without_scope_stays_one() -> None:
    empty = Grantable(Scope(), (API,))

    assert len(narrow(asked(), empty, CLIENT, RESOURCES, ISSUER, POLICY).scope) == 0


def test_the_resource_may_say_how_long_its_tokens_live() -> None:
    brief = {**RESOURCES, API: replace(RESOURCES[API], access_token_lifetime=MINUTE)}

    assert narrow(asked(), GRANTED, CLIENT, brief, ISSUER, POLICY).lifetime == MINUTE


def test_scope_and_resource_are_read_from_the_form() -> None:
    assert Asked.of(read_query(b"")) == Asked(None, ())
    assert Asked.of(read_query(b"scope=&resource=")) == Asked(None, ())
    form = read_query(b"scope=read+write&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb")
    assert Asked.of(form) == Asked(Scope.parse("read write"), ("https://a", "https://b"))
    with pytest.raises(InvalidScope):
        Asked.of(read_query(b"scope=a%22b"))


NAMES = st.sampled_from(["openid", "offline_access", "read", "write", "photos", "other"])
SCOPES = st.lists(NAMES, max_size=5).map(lambda names: Scope.of(*names))


@given(SCOPES, SCOPES, st.none() | SCOPES)
def test_narrowing_never_adds_anything(of_grant: Scope, of_client: Scope, wanted: Scope | None) -> None:
    client = replace(CLIENT, scope=of_client)
    try:
        access = narrow(Asked(wanted, ()), Grantable(of_grant, (API,)), client, RESOURCES, ISSUER, POLICY)
    except InvalidScope:
        return

    assert access.scope <= of_grant & of_client
    assert wanted is None or access.scope <= wanted
