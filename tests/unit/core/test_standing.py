"""Row 7: what happened to subject, client and realm since, times what the policy says about it."""

from dataclasses import replace

import pytest

from evergrant.core.decisions import Refuse, Renew, Revoke
from evergrant.core.facts import Client, Grant, Realm, Subject
from evergrant.core.grant import Case, judge
from evergrant.core.policy import Action, EpochEvent, Policy
from evergrant.core.reasons import Reason
from evergrant.core.standing import idle_expires_at, standing
from evergrant.protocol.values import Millis
from tests.unit.core.cases import CLIENT, CURRENT, GRANT, NOW, REALM, SUBJECT, with_grant, with_policy, with_subject

EVENTS = {
    EpochEvent.PASSWORD_CHANGE: ("on_password_change", Reason.PASSWORD_CHANGED),
    EpochEvent.ROLE_CHANGE: ("on_role_change", Reason.ROLES_CHANGED),
    EpochEvent.DISABLE: ("on_disable", Reason.SUBJECT_DISABLED),
    EpochEvent.LOGOUT: ("on_logout", Reason.LOGGED_OUT),
    EpochEvent.SECRET_ROTATION: ("on_secret_rotation", Reason.SECRET_ROTATED),
}
ONLINE = replace(GRANT, offline=False)


def moved(event: EpochEvent) -> Subject:
    """The subject, after that happened to it."""
    return replace(SUBJECT, epoch=SUBJECT.epoch + 1, epoch_event=event)


def stands(
    grant: Grant = GRANT,
    subject: Subject | None = SUBJECT,
    client: Client = CLIENT,
    realm: Realm = REALM,
    policy: Policy = CURRENT.policy,
) -> Reason | None:
    """Why it does not stand, or None."""
    found = standing(grant, subject, client, realm, policy)
    return None if found is None else found.reason


def test_a_grant_to_which_nothing_happened_stands() -> None:
    assert stands() is None


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("offline", [True, False], ids=["offline", "online"])
def test_an_event_since_approval_does_what_the_policy_says(event: EpochEvent, action: Action, offline: bool) -> None:
    """S-035, R-005: every event, every action, with and without offline access."""
    setting, reason = EVENTS[event]
    case = with_policy(with_subject(with_grant(CURRENT, offline=offline), moved(event)), **{setting: action})
    ends = action is Action.REVOKE_ALL or (action is Action.REVOKE_ONLINE and not offline)

    verdict = judge(case)

    if ends:
        assert isinstance(verdict, Revoke)
        assert verdict.reason is reason
    else:
        assert isinstance(verdict, Renew)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("offline", [True, False], ids=["offline", "online"])
@pytest.mark.parametrize("who", ["subject", "client"])
def test_who_is_disabled_is_refused_whatever_the_policy_and_ended_if_it_says_so(
    action: Action, offline: bool, who: str
) -> None:
    """R-005: refused in any case; enabled again, it goes on where the policy ended nothing."""
    case = with_policy(with_grant(CURRENT, offline=offline), on_disable=action)
    case = disabled(case, who)
    ends = action is Action.REVOKE_ALL or (action is Action.REVOKE_ONLINE and not offline)

    verdict = judge(case)

    assert isinstance(verdict, Revoke if ends else Refuse)
    assert verdict.reason is (Reason.SUBJECT_DISABLED if who == "subject" else Reason.CLIENT_DISABLED)


def disabled(case: Case, who: str) -> Case:
    if who == "subject":
        return with_subject(case, replace(SUBJECT, disabled=True))
    return replace(case, client=replace(case.client, disabled=True))


@pytest.mark.parametrize("action", Action)
def test_a_subject_that_is_gone_takes_its_grants_along(action: Action) -> None:
    verdict = judge(with_policy(with_subject(CURRENT, None), on_disable=action))

    assert isinstance(verdict, Revoke)
    assert verdict.reason is Reason.SUBJECT_GONE


def test_every_epoch_counts() -> None:
    event = EpochEvent.PASSWORD_CHANGE
    assert stands(client=replace(CLIENT, epoch=6, epoch_event=event)) is Reason.PASSWORD_CHANGED
    assert stands(realm=replace(REALM, epoch=4, epoch_event=event)) is Reason.PASSWORD_CHANGED


def test_it_is_said_who_was_disabled_meanwhile() -> None:
    event = EpochEvent.DISABLE
    assert stands(client=replace(CLIENT, epoch=6, epoch_event=event)) is Reason.CLIENT_DISABLED
    assert stands(subject=moved(event)) is Reason.SUBJECT_DISABLED


def test_what_happened_before_the_grant_was_opened_does_not_end_it() -> None:
    """Another node opened it under an epoch that this one's memory, up to a second old, does not know yet."""
    event = EpochEvent.PASSWORD_CHANGE
    assert stands(client=replace(CLIENT, epoch=4, epoch_event=event)) is None
    assert stands(realm=replace(REALM, epoch=2, epoch_event=event)) is None


def test_a_harmless_event_does_not_hide_another_one() -> None:
    """The client's secret was rotated, and the subject's password changed."""
    both = stands(
        client=replace(CLIENT, epoch=6, epoch_event=EpochEvent.SECRET_ROTATION),
        subject=moved(EpochEvent.PASSWORD_CHANGE),
    )

    assert both is Reason.PASSWORD_CHANGED


def test_logout_ends_what_is_online_and_leaves_what_is_offline() -> None:
    assert stands(ONLINE, moved(EpochEvent.LOGOUT)) is Reason.LOGGED_OUT
    assert stands(GRANT, moved(EpochEvent.LOGOUT)) is None


def test_the_idle_end_is_never_past_the_absolute_one() -> None:
    policy = CURRENT.policy

    assert idle_expires_at(GRANT, policy) == GRANT.expires_at
    assert (
        idle_expires_at(replace(GRANT, expires_at=Millis(10 * NOW)), policy)
        == GRANT.used_at + policy.refresh_token_idle_timeout
    )


def test_without_extension_the_idle_end_runs_from_approval() -> None:
    fixed = replace(CURRENT.policy, extend_on_renew=False, refresh_token_idle_timeout=1000)

    assert idle_expires_at(GRANT, fixed) == GRANT.granted_at + 1000
