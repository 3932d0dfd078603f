"""Who may see what of a token, and whether it is alive. RFC 7662 §2.2, §4.

A caller sees access tokens for the resource it was registered to introspect for, and its own tokens. Everything else,
unknown, expired and foreign alike, is `{"active": false}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from evergrant.core.access import Resources
from evergrant.core.credential import Presented, secret_digest
from evergrant.core.facts import Client, Grant, GrantFacts, GrantState, Realm
from evergrant.core.policy import Policy
from evergrant.core.standing import idle_expires_at, standing
from evergrant.protocol.record import record
from evergrant.protocol.values import Millis


@dataclass(frozen=True, slots=True)
class Inactive:
    """`{"active": false}` and not a word more (RFC 7662 §2.2)."""


@record
class Active:
    """The members of the answer besides `active`."""

    members: Mapping[str, object]


Introspection = Active | Inactive


def may_see(caller: Client, issued_to: str, audience: str, resources: Resources) -> bool:
    """Whether the caller may be told of an access token."""
    if caller.id == issued_to:
        return True
    resource = resources.get(audience)
    return resource is not None and resource.introspection_client == caller.id


def is_live(facts: GrantFacts | None, client: Client | None, realm: Realm, policy: Policy, now: Millis) -> bool:
    """Whether access tokens of this grant are alive: not revoked, not past its end, nobody disabled or moved on."""
    if facts is None or client is None or facts.grant.state is not GrantState.ACTIVE:
        return False
    if now >= facts.grant.expires_at:
        return False
    return standing(facts.grant, facts.subject, client, realm, policy) is None


def introspect_refresh(
    presented: Presented,
    facts: GrantFacts | None,
    caller: Client,
    realm: Realm,
    policy: Policy,
    now: Millis,
    issuer: str,
) -> Introspection:
    """A refresh token: its own client only; a spent one is inactive, and asking changes nothing."""
    if facts is None or facts.grant.client_id != caller.id or not is_live(facts, caller, realm, policy, now):
        return Inactive()
    grant: Grant = facts.grant
    genuine = secret_digest(grant.id, presented.secret) == grant.secret_digest
    spent = presented.generation < grant.generation or presented.key_id < grant.key_id
    expires = idle_expires_at(grant, policy)
    if not genuine or spent or now >= expires or facts.subject is None:
        return Inactive()
    return Active(
        {
            "token_type": "refresh_token",
            "client_id": grant.client_id,
            "sub": grant.subject,
            "username": facts.subject.username,
            "scope": str(grant.scope),
            "iat": grant.renewed_at // 1000,
            "exp": expires // 1000,
            "iss": issuer,
        }
    )
