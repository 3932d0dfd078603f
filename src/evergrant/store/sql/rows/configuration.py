"""Realms, clients, resources and signing keys as rows."""

from evergrant.core.facts import Client, Realm, Resource, StoredKey
from evergrant.core.policy import EpochEvent, Profile
from evergrant.protocol.values import ClientId, Millis, RealmId
from evergrant.store import schema
from evergrant.store.sql.rows.columns import Columns, Values, overrides, reader, scope, texts, to_json, words


def realm_values(realm: Realm) -> Values:
    """The columns of a realm."""
    return {
        "id": realm.id,
        "name": realm.name,
        "policy": to_json(dict(realm.policy)),
        "epoch": realm.epoch,
        "epoch_event": realm.epoch_event.value,
        "created_at": realm.created_at,
        "version": realm.version,
    }


def _realm(row: Columns) -> Realm:
    return Realm(
        id=RealmId(row["id"]),
        name=row["name"],
        policy=overrides(row["policy"]),
        epoch=row["epoch"],
        epoch_event=EpochEvent(row["epoch_event"]),
        created_at=Millis(row["created_at"]),
        version=row["version"],
    )


def client_values(realm: RealmId, client: Client) -> Values:
    """The columns of a client."""
    return {
        "realm": realm,
        "id": client.id,
        "name": client.name,
        "public": int(client.public),
        "secret_digest": client.secret_digest,
        "auth_method": client.auth_method,
        "strict_auth": int(client.strict_auth),
        "grant_types": to_json(sorted(client.grant_types)),
        "redirect_uris": to_json(client.redirect_uris),
        "post_logout_redirect_uris": to_json(client.post_logout_redirect_uris),
        "allowed_origins": to_json(client.allowed_origins),
        "scope": str(client.scope),
        "audiences": to_json(client.audiences),
        "roles": to_json(client.roles),
        "profile": client.profile.value,
        "policy": to_json(dict(client.policy)),
        "require_pkce": int(client.require_pkce),
        "first_party": int(client.first_party),
        "id_token_alg": client.id_token_alg,
        "disabled": int(client.disabled),
        "epoch": client.epoch,
        "epoch_event": client.epoch_event.value,
        "created_at": client.created_at,
        "revision": client.revision,
    }


def _client(row: Columns) -> Client:
    return Client(
        id=ClientId(row["id"]),
        name=row["name"],
        public=bool(row["public"]),
        secret_digest=row["secret_digest"],
        auth_method=row["auth_method"],
        strict_auth=bool(row["strict_auth"]),
        grant_types=frozenset(words(row["grant_types"])),
        redirect_uris=words(row["redirect_uris"]),
        post_logout_redirect_uris=words(row["post_logout_redirect_uris"]),
        allowed_origins=words(row["allowed_origins"]),
        scope=scope(row["scope"]),
        audiences=words(row["audiences"]),
        roles=words(row["roles"]),
        profile=Profile(row["profile"]),
        policy=overrides(row["policy"]),
        require_pkce=bool(row["require_pkce"]),
        first_party=bool(row["first_party"]),
        id_token_alg=row["id_token_alg"],
        disabled=bool(row["disabled"]),
        epoch=row["epoch"],
        epoch_event=EpochEvent(row["epoch_event"]),
        created_at=Millis(row["created_at"]),
        revision=row["revision"],
    )


def resource_values(realm: RealmId, resource: Resource) -> Values:
    """The columns of a resource."""
    return {
        "realm": realm,
        "identifier": resource.identifier,
        "name": resource.name,
        "scopes": to_json(dict(resource.scopes)),
        "access_token_lifetime": resource.access_token_lifetime,
        "introspection_client": resource.introspection_client,
        "created_at": resource.created_at,
    }


def _resource(row: Columns) -> Resource:
    return Resource(
        identifier=row["identifier"],
        name=row["name"],
        scopes=texts(row["scopes"]),
        access_token_lifetime=row["access_token_lifetime"],
        introspection_client=row["introspection_client"],
        created_at=Millis(row["created_at"]),
    )


def key_values(realm: RealmId, key: StoredKey) -> Values:
    """The columns of a signing key."""
    return {
        "realm": realm,
        "kid": key.kid,
        "alg": key.alg,
        "public_jwk": to_json(dict(key.public_jwk)),
        "sealed_private": key.sealed_private,
        "master_key_id": key.master_key_id,
        "created_at": key.created_at,
        "active_from": key.active_from,
        "retires_at": key.retires_at,
        "removed_at": key.removed_at,
    }


def _key(row: Columns) -> StoredKey:
    return StoredKey(
        kid=row["kid"],
        alg=row["alg"],
        public_jwk=texts(row["public_jwk"]),
        sealed_private=row["sealed_private"],
        master_key_id=row["master_key_id"],
        created_at=Millis(row["created_at"]),
        active_from=Millis(row["active_from"]),
        retires_at=row["retires_at"],
        removed_at=row["removed_at"],
    )


read_realm = reader(schema.realms.columns, _realm)
read_client = reader(schema.clients.columns, _client)
read_resource = reader(schema.resources.columns, _resource)
read_key = reader(schema.signing_keys.columns, _key)
