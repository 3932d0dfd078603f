"""Grants and consents as rows."""

from typing import Final

from evergrant.core.facts import Caller, Consent, Epochs, Grant, GrantState, Revocation
from evergrant.protocol.values import ClientId, GrantId, Millis, RealmId, SubjectId
from evergrant.store import schema
from evergrant.store.sql.rows.columns import Columns, Values, caller_values, in_order, reader, to_json, words
from evergrant.store.sql.rows.columns import scope as read_scope

_STATES: Final = {state.value: state for state in GrantState}


def grant_values(realm: RealmId, grant: Grant) -> Values:
    """The columns of a grant."""
    ended = grant.revocation
    return {
        "id": grant.id,
        "realm": realm,
        "client_id": grant.client_id,
        "subject": grant.subject,
        "state": grant.state.value,
        "generation": grant.generation,
        "key_id": grant.key_id,
        "renewed_at": grant.renewed_at,
        "previous_renewed_at": grant.previous_renewed_at,
        "used_at": grant.used_at,
        "secret_digest": grant.secret_digest,
        "retries": grant.retries,
        "scope": str(grant.scope),
        "resources": to_json(grant.resources),
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": to_json(grant.amr),
        "session_id": grant.session_id,
        "offline": int(grant.offline),
        "refreshable": int(grant.refreshable),
        "binding": grant.binding,
        "realm_epoch": grant.epochs.realm,
        "client_epoch": grant.epochs.client,
        "subject_epoch": grant.epochs.subject,
        "created_at": grant.created_at,
        "granted_at": grant.granted_at,
        "expires_at": grant.expires_at,
        "pending_expires_at": grant.pending_expires_at,
        "revoked_at": None if ended is None else ended.at,
        "revoked_by": None if ended is None else ended.by,
        "revoked_reason": None if ended is None else ended.reason,
        "challenge": grant.challenge,
        "redirect_uri": grant.redirect_uri,
        "nonce": grant.nonce,
        **caller_values(grant.seen),
    }


def _grant(
    id: GrantId,
    _realm: str,
    client_id: ClientId,
    subject: SubjectId,
    state: str,
    generation: int,
    key_id: int,
    renewed_at: Millis,
    previous_renewed_at: Millis,
    used_at: Millis,
    secret_digest: bytes,
    retries: int,
    scope: str,
    resources: str,
    auth_time: Millis,
    acr: str | None,
    amr: str,
    session_id: str | None,
    offline: int,
    refreshable: int,
    binding: str | None,
    realm_epoch: int,
    client_epoch: int,
    subject_epoch: int,
    created_at: Millis,
    granted_at: Millis,
    expires_at: Millis,
    pending_expires_at: Millis,
    revoked_at: Millis | None,
    revoked_by: str,
    revoked_reason: str,
    challenge: str | None,
    redirect_uri: str | None,
    nonce: str | None,
    user_agent: str,
    address_prefix: str,
) -> Grant:
    return Grant(
        id,
        client_id,
        subject,
        _STATES[state],
        generation,
        key_id,
        renewed_at,
        previous_renewed_at,
        used_at,
        secret_digest,
        retries,
        read_scope(scope),
        words(resources),
        auth_time,
        acr,
        words(amr),
        session_id,
        bool(offline),
        bool(refreshable),
        binding,
        Epochs(realm_epoch, client_epoch, subject_epoch),
        created_at,
        granted_at,
        expires_at,
        pending_expires_at,
        None if revoked_at is None else Revocation(revoked_at, revoked_by, revoked_reason),
        challenge,
        redirect_uri,
        nonce,
        Caller(user_agent, address_prefix),
    )


def consent_values(realm: RealmId, consent: Consent) -> Values:
    """The columns of a consent."""
    return {
        "realm": realm,
        "subject": consent.subject,
        "client_id": consent.client_id,
        "scope": str(consent.scope),
        "resources": to_json(consent.resources),
        "granted_at": consent.granted_at,
    }


def _consent(row: Columns) -> Consent:
    return Consent(
        subject=SubjectId(row["subject"]),
        client_id=ClientId(row["client_id"]),
        scope=read_scope(row["scope"]),
        resources=words(row["resources"]),
        granted_at=Millis(row["granted_at"]),
    )


read_grant = in_order(schema.grants.columns, _grant)
read_consent = reader(schema.consents.columns, _consent)
