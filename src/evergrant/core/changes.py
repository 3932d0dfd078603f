"""What a change of subject, client or session does to living grants, as the policies say. Pure.

The change bumps an epoch whatever the policy, so that `judge()` sees it (row 7); what is decided here ends grants in
the same transaction, so that nothing of them is left the moment the change is acknowledged.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from evergrant.core.policy import Action, EpochEvent, Policy
from evergrant.protocol.values import ClientId


@dataclass(frozen=True, slots=True)
class Ending:
    """Grants to end: those of `client_id`, or of everybody but `others_than`. `only_online`: offline ones live on."""

    client_id: ClientId | None
    others_than: frozenset[ClientId]
    only_online: bool


def endings(event: EpochEvent, usual: Policy, clients: Mapping[ClientId, Policy]) -> tuple[Ending, ...]:
    """What an event about a subject ends: by the realm's usual policy, and by each client's that differs from it.

    `usual` also holds for a client that was registered a moment ago and is not in `clients` yet.
    """
    actions = {client_id: policy.action(event) for client_id, policy in clients.items()}
    common = usual.action(event)
    different = {client_id: action for client_id, action in actions.items() if action is not common}
    found = [_ending(None, frozenset(different), common)]
    found += [_ending(client_id, frozenset(), action) for client_id, action in sorted(different.items())]
    return tuple(ending for ending in found if ending is not None)


def endings_of_client(event: EpochEvent, client_id: ClientId, policy: Policy) -> tuple[Ending, ...]:
    """What an event about a client (disabled, secret rotated) ends: its own grants, by its own policy."""
    ending = _ending(client_id, frozenset(), policy.action(event))
    return () if ending is None else (ending,)


def _ending(client_id: ClientId | None, others_than: frozenset[ClientId], action: Action) -> Ending | None:
    if action not in (Action.REVOKE_ONLINE, Action.REVOKE_ALL):
        return None
    return Ending(client_id, others_than, action is Action.REVOKE_ONLINE)
