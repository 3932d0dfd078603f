"""Whether a grant still stands: subject and client as they are now, epochs, idleness (rows 6 and 7 of the table).

Asked at every refresh, and of access tokens at introspection and userinfo.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from evergrant.core.facts import Client, Grant, Realm, Subject
from evergrant.core.policy import Action, EpochEvent, Policy
from evergrant.core.reasons import Reason
from evergrant.protocol.values import Millis


def idle_expires_at(grant: Grant, policy: Policy) -> Millis:
    """When the grant's refresh token expires, by idleness or absolutely, if nobody uses it. Milliseconds UTC."""
    return idle_expires_after(grant, policy, grant.used_at)


def idle_expires_after(grant: Grant, policy: Policy, used_at: Millis) -> Millis:
    """When it expires once it was used at that moment."""
    since = used_at if policy.extend_on_renew else grant.granted_at
    return Millis(min(grant.expires_at, since + policy.refresh_token_idle_timeout))


class Standing(NamedTuple):
    """Why a grant may not be used now, and what the policy does to it for that reason."""

    reason: Reason
    action: Action


_EVENT_REASONS: Final[Mapping[EpochEvent, Reason]] = {
    EpochEvent.PASSWORD_CHANGE: Reason.PASSWORD_CHANGED,
    EpochEvent.ROLE_CHANGE: Reason.ROLES_CHANGED,
    EpochEvent.LOGOUT: Reason.LOGGED_OUT,
    EpochEvent.SECRET_ROTATION: Reason.SECRET_ROTATED,
}


def standing(grant: Grant, subject: Subject | None, client: Client, realm: Realm, policy: Policy) -> Standing | None:
    """Row 7: is subject or client disabled or gone, or has an epoch moved on? None: the grant stands."""
    if subject is None:
        return Standing(Reason.SUBJECT_GONE, Action.REVOKE_ALL)
    if subject.disabled:
        return Standing(Reason.SUBJECT_DISABLED, policy.on_disable)
    if client.disabled:
        return Standing(Reason.CLIENT_DISABLED, policy.on_disable)
    then = grant.epochs
    # Behind, not different: realm and client are remembered for up to a second, and another node may have opened this
    # grant under an epoch that is news to us. What happened before it was opened must not end it.
    moved = (
        (then.realm < realm.epoch, realm.epoch_event, Reason.SUBJECT_DISABLED),
        (then.client < client.epoch, client.epoch_event, Reason.CLIENT_DISABLED),
        (then.subject < subject.epoch, subject.epoch_event, Reason.SUBJECT_DISABLED),
    )
    for is_behind, event, disabled in moved:
        if not is_behind:
            continue
        action = policy.action(event)
        if action is Action.REVOKE_ALL or (action is Action.REVOKE_ONLINE and not grant.offline):
            return Standing(disabled if event is EpochEvent.DISABLE else _EVENT_REASONS[event], Action.REVOKE_ALL)
    return None
