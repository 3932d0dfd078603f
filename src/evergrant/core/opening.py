"""A new grant, drafted: everything but id, secret and key, which are chance and belong to the engine."""

from evergrant.core.access import Grantable
from evergrant.core.facts import Caller, Client, Epochs, Grant, GrantState, Realm, Subject
from evergrant.core.policy import Policy
from evergrant.protocol.values import GrantId, Millis


def is_refreshable(client: Client, scope_has_openid: bool, offline: bool) -> bool:
    """Whether a refresh token is handed out.

    OpenID Connect asks for it by `offline_access` (OIDC Core §11); plain OAuth leaves it to the server
    (RFC 6749 §5.1), and a client that may refresh gets one.
    """
    return "refresh_token" in client.grant_types and (offline or not scope_has_openid)


def draft(
    *,
    client: Client,
    subject: Subject,
    realm: Realm,
    granted: Grantable,
    auth_time: Millis,
    amr: tuple[str, ...],
    session_id: str | None,
    caller: Caller,
    now: Millis,
) -> Grant:
    """A pending grant of nobody knows which id yet; scopes, epochs and times are in place."""
    offline = "offline_access" in granted.scope
    return Grant(
        id=GrantId(b""),
        client_id=client.id,
        subject=subject.id,
        state=GrantState.PENDING,
        generation=0,
        key_id=0,
        renewed_at=now,
        previous_renewed_at=now,
        used_at=now,
        secret_digest=b"",
        retries=0,
        scope=granted.scope,
        resources=granted.resources,
        auth_time=auth_time,
        acr=None,
        amr=amr,
        session_id=session_id,
        offline=offline,
        refreshable=is_refreshable(client, "openid" in granted.scope, offline),
        binding=None,
        epochs=Epochs(realm.epoch, client.epoch, subject.epoch),
        created_at=now,
        granted_at=now,
        expires_at=Millis(0),
        pending_expires_at=now,
        revocation=None,
        challenge=None,
        redirect_uri=None,
        nonce=None,
        seen=caller,
    )


def expires_at(grant: Grant, policy: Policy, access_lifetime: int, now: Millis) -> Millis:
    """The absolute end, counted from approval and fixed at 0 -> 1; without refresh token the access token's end."""
    if grant.refreshable:
        return Millis(grant.granted_at + policy.refresh_token_lifetime)
    return Millis(now + access_lifetime)
