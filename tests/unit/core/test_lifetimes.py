"""Keys and rows outlive the longest access token there can be."""

from dataclasses import replace

from evergrant.core.lifetimes import longest_access_token
from evergrant.core.policy import MINUTE
from tests.unit.server.records import a_client, a_realm, a_resource

HOUR = 60 * MINUTE


def test_without_anything_registered_it_is_the_default() -> None:
    assert longest_access_token(a_realm(), (), ()) == 15 * MINUTE


def test_a_realm_may_set_a_longer_one_for_all() -> None:
    assert longest_access_token(replace(a_realm(), policy={"access_token_lifetime": HOUR}), (), ()) == HOUR


def test_one_client_with_a_long_one_counts() -> None:
    client = replace(a_client(), policy={"access_token_lifetime": 2 * HOUR})

    assert longest_access_token(a_realm(), (a_client("app"), client), ()) == 2 * HOUR


def test_one_api_with_a_long_one_counts() -> None:
    api = replace(a_resource(), access_token_lifetime=3 * HOUR)

    assert longest_access_token(a_realm(), (a_client(),), (api, a_resource())) == 3 * HOUR
