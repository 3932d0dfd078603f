"""What an answer hands out, decided: nothing is signed yet and nothing is stored."""

from collections.abc import Mapping
from typing import Literal

from evergrant.core.access import Access
from evergrant.core.facts import Client, Grant, JsonValue, Subject
from evergrant.protocol.record import record
from evergrant.protocol.values import ClientId, GrantId, Millis


@record
class Issuance:
    """The contents of an access token and, if `openid` is in its scope, of an ID token. Lifetimes in milliseconds."""

    subject: str  # a SubjectId, or the client's id for client credentials
    client_id: ClientId
    access: Access
    roles: tuple[str, ...]
    claims: Mapping[str, JsonValue]  # the subject's claims; the builders choose by scope (OIDC Core §5.4)
    gid: GrantId | None
    auth_time: Millis | None
    acr: str | None
    amr: tuple[str, ...]
    sid: str | None
    nonce: str | None
    id_token: bool
    id_token_alg: Literal["RS256", "ES256"]


def for_grant(grant: Grant, subject: Subject, client: Client, access: Access, *, nonce: str | None) -> Issuance:
    """Tokens of a grant. Roles and claims are those of now; `nonce` is given on 0 -> 1 only (OIDC Core §12.2)."""
    return Issuance(
        subject=subject.id,
        client_id=client.id,
        access=access,
        roles=subject.roles,
        claims=subject.claims,
        gid=grant.id,
        auth_time=grant.auth_time,
        acr=grant.acr,
        amr=grant.amr,
        sid=grant.session_id,
        nonce=nonce,
        id_token="openid" in access.scope,
        id_token_alg=client.id_token_alg,
    )


def for_client(client: Client, access: Access) -> Issuance:
    """A client's own access token (RFC 6749 §4.4): no grant, no subject but itself, no ID token."""
    return Issuance(
        subject=client.id,
        client_id=client.id,
        access=access,
        roles=client.roles,
        claims={},
        gid=None,
        auth_time=None,
        acr=None,
        amr=(),
        sid=None,
        nonce=None,
        id_token=False,
        id_token_alg=client.id_token_alg,
    )
