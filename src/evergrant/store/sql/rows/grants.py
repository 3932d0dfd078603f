"""Grants and consents as rows."""

from evergrant.core.facts import Consent, Epochs, Grant, GrantState, Revocation
from evergrant.protocol.values import ClientId, GrantId, Millis, RealmId, SubjectId
from evergrant.store import schema
from evergrant.store.sql.rows.columns import Columns, Values, caller, caller_values, reader, scope, to_json, words


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


def _revocation(row: Columns) -> Revocation | None:
    if row["revoked_at"] is None:
        return None
    return Revocation(Millis(row["revoked_at"]), row["revoked_by"], row["revoked_reason"])


def _grant(row: Columns) -> Grant:
    return Grant(
        id=GrantId(row["id"]),
        client_id=ClientId(row["client_id"]),
        subject=SubjectId(row["subject"]),
        state=GrantState(row["state"]),
        generation=row["generation"],
        key_id=row["key_id"],
        renewed_at=Millis(row["renewed_at"]),
        previous_renewed_at=Millis(row["previous_renewed_at"]),
        used_at=Millis(row["used_at"]),
        secret_digest=row["secret_digest"],
        retries=row["retries"],
        scope=scope(row["scope"]),
        resources=words(row["resources"]),
        auth_time=Millis(row["auth_time"]),
        acr=row["acr"],
        amr=words(row["amr"]),
        session_id=row["session_id"],
        offline=bool(row["offline"]),
        refreshable=bool(row["refreshable"]),
        binding=row["binding"],
        epochs=Epochs(row["realm_epoch"], row["client_epoch"], row["subject_epoch"]),
        created_at=Millis(row["created_at"]),
        granted_at=Millis(row["granted_at"]),
        expires_at=Millis(row["expires_at"]),
        pending_expires_at=Millis(row["pending_expires_at"]),
        revocation=_revocation(row),
        challenge=row["challenge"],
        redirect_uri=row["redirect_uri"],
        nonce=row["nonce"],
        seen=caller(row),
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
        scope=scope(row["scope"]),
        resources=words(row["resources"]),
        granted_at=Millis(row["granted_at"]),
    )


read_grant = reader(schema.grants.columns, _grant)
read_consent = reader(schema.consents.columns, _consent)
