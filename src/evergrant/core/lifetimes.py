"""How long an access token of a realm may live: keys and rows that it needs must live longer. Pure."""

from collections.abc import Iterable

from evergrant.core.facts import Client, Realm, Resource
from evergrant.core.policy import Profile, effective


def longest_access_token(realm: Realm, clients: Iterable[Client], resources: Iterable[Resource]) -> int:
    """The longest access-token lifetime that any client and any API of the realm has now, in milliseconds."""
    usual = (effective(profile, realm.policy, {}) for profile in Profile)
    own = (effective(client.profile, realm.policy, client.policy) for client in clients)
    return max(
        *(policy.access_token_lifetime for policy in usual),
        *(policy.access_token_lifetime for policy in own),
        *(resource.access_token_lifetime or 0 for resource in resources),
    )
