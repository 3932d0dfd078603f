"""Policies: profile, then realm, then client; and what cannot be is said all at once."""

import pytest

from evergrant.core.policy import (
    DAY,
    MINUTE,
    SECOND,
    SETTINGS,
    Action,
    EpochEvent,
    Policy,
    PolicyError,
    PolicyValue,
    Profile,
    Renew,
    check_overrides,
    effective,
)


def test_the_defaults_are_those_of_the_design() -> None:
    policy = effective(Profile.OAUTH21, {}, {})

    assert policy == Policy()
    assert (policy.access_token_lifetime, policy.refresh_token_lifetime) == (15 * MINUTE, 90 * DAY)
    assert (policy.refresh_token_idle_timeout, policy.retry_window) == (14 * DAY, 60 * SECOND)
    assert (policy.code_lifetime, policy.max_grants, policy.extend_on_renew) == (60 * SECOND, 200, True)
    assert [policy.action(event) for event in EpochEvent] == [
        Action.IGNORE,
        Action.REVOKE_ALL,
        Action.RE_EVALUATE,
        Action.REVOKE_ALL,
        Action.REVOKE_ONLINE,
        Action.IGNORE,
    ]


def test_fapi_clients_keep_their_tokens() -> None:
    """S-036"""
    assert effective(Profile.FAPI2, {}, {}).renew is Renew.NEVER


def test_the_client_has_the_last_word_and_the_realm_the_one_before() -> None:
    realm: dict[str, PolicyValue] = {"renew": "always", "max_grants": 5, "on_logout": "revoke_all"}

    policy = effective(Profile.FAPI2, realm, {"max_grants": 7})

    assert (policy.renew, policy.max_grants, policy.on_logout) == (Renew.ALWAYS, 7, Action.REVOKE_ALL)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("retry_window", 0),
        ("retry_window", 60 * SECOND),
        ("renew", "never"),
        ("streak", "event"),
        ("on_disable", "revoke_online"),
        ("extend_on_renew", False),
        ("code_lifetime", 10 * MINUTE),
    ],
)
def test_what_can_be_is_kept_as_it_is(setting: str, value: int | bool | str) -> None:
    assert check_overrides({setting: value}) == {setting: value}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("no_such_setting", 1),
        ("renew", "sometimes"),
        ("on_logout", "explode"),
        ("extend_on_renew", 1),
        ("max_grants", True),
        ("max_grants", "5"),
        ("max_grants", 0),
        ("access_token_lifetime", -1),
        ("refresh_token_lifetime", 0),
        ("refresh_token_idle_timeout", 0),
        ("code_lifetime", 10 * MINUTE + 1),
        ("retry_window", -1),
        # A request that stalled may commit 15 seconds late: its honest retry must still find the window open.
        ("retry_window", 30 * SECOND),
        ("retry_window", 60 * SECOND - 1),
    ],
)
def test_what_cannot_be_is_named(setting: str, value: object) -> None:
    with pytest.raises(PolicyError, match=setting):
        check_overrides({setting: value})


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(PolicyError) as refused:
        check_overrides({"renew": "sometimes", "max_grants": "x", "colour": "red"})

    assert all(name in str(refused.value) for name in ("renew", "max_grants", "colour"))


def test_every_setting_can_be_overridden() -> None:
    own = {name: getattr(Policy(), name) for name in SETTINGS}

    assert check_overrides(own) == own
