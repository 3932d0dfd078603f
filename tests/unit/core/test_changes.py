"""The matrix of policies: which grants end when something happens to a subject or a client."""

from dataclasses import replace

import pytest

from evergrant.core.changes import Ending, endings, endings_of_client
from evergrant.core.policy import Action, EpochEvent, Policy
from evergrant.protocol.values import ClientId

SETTING = {
    EpochEvent.PASSWORD_CHANGE: "on_password_change",
    EpochEvent.ROLE_CHANGE: "on_role_change",
    EpochEvent.DISABLE: "on_disable",
    EpochEvent.LOGOUT: "on_logout",
    EpochEvent.SECRET_ROTATION: "on_secret_rotation",
}
ALL, ONLINE = Ending(None, frozenset(), False), Ending(None, frozenset(), True)
ENDS: dict[Action, tuple[Ending, ...]] = {
    Action.IGNORE: (),
    Action.RE_EVALUATE: (),
    Action.REVOKE_ONLINE: (ONLINE,),
    Action.REVOKE_ALL: (ALL,),
}
WEB, APP = ClientId("web"), ClientId("app")


def policy(event: EpochEvent, action: Action) -> Policy:
    """A policy in which every other event ends everything, so that the wrong setting would be noticed."""
    others: dict[str, Action] = dict.fromkeys(SETTING.values(), Action.REVOKE_ALL)
    return replace(Policy(), **{**others, SETTING[event]: action})  # type: ignore[arg-type]  # names of actions only


def test_the_table_covers_every_event_and_every_action() -> None:
    assert set(SETTING) == set(EpochEvent) - {EpochEvent.NONE}
    assert set(ENDS) == set(Action)


@pytest.mark.parametrize("event", SETTING)
@pytest.mark.parametrize("action", Action)
def test_an_event_about_a_subject_ends_what_the_realms_policy_says(event: EpochEvent, action: Action) -> None:
    assert endings(event, policy(event, action), {WEB: policy(event, action)}) == ENDS[action]


@pytest.mark.parametrize("event", SETTING)
@pytest.mark.parametrize("action", Action)
def test_an_event_about_a_client_ends_what_its_own_policy_says(event: EpochEvent, action: Action) -> None:
    expected = tuple(replace(ending, client_id=WEB) for ending in ENDS[action])

    assert endings_of_client(event, WEB, policy(event, action)) == expected


@pytest.mark.parametrize("event", SETTING)
@pytest.mark.parametrize("usual", Action)
@pytest.mark.parametrize("own", Action)
def test_a_client_whose_policy_differs_is_taken_out_and_treated_by_its_own(
    event: EpochEvent, usual: Action, own: Action
) -> None:
    clients = {WEB: policy(event, own), APP: policy(event, usual)}

    found = endings(event, policy(event, usual), clients)

    if usual is own:
        assert found == ENDS[usual]
    else:
        common = tuple(replace(ending, others_than=frozenset({WEB})) for ending in ENDS[usual])
        assert found == common + tuple(replace(ending, client_id=WEB) for ending in ENDS[own])


def test_nothing_ends_if_nothing_happened() -> None:
    assert endings(EpochEvent.NONE, Policy(), {WEB: Policy()}) == ()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (EpochEvent.PASSWORD_CHANGE, (ALL,)),
        (EpochEvent.ROLE_CHANGE, ()),
        (EpochEvent.DISABLE, (ALL,)),
        (EpochEvent.LOGOUT, (ONLINE,)),
        (EpochEvent.SECRET_ROTATION, ()),
    ],
)
def test_the_defaults_are_those_of_the_design(event: EpochEvent, expected: tuple[Ending, ...]) -> None:
    """S-035"""
    assert endings(event, Policy(), {}) == expected
