"""Realms, clients, resources and keys. Each change moves the realm's version, last: its row is locked until the end."""

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, delete, update

from evergrant.core.facts import Client, Realm, Resource, StoredKey
from evergrant.core.ports.ledger import Done, Events, RevokeAll, Saved, Superseded, Taken
from evergrant.protocol.values import ClientId, Millis, RealmId
from evergrant.store.schema import clients, consents, realms, resources, signing_keys
from evergrant.store.sql import audit, ending
from evergrant.store.sql.inserts import insert_or_replace, insert_unless_there
from evergrant.store.sql.rows.columns import to_json
from evergrant.store.sql.rows.configuration import (
    client_values,
    key_values,
    realm_values,
    resource_values,
)

# --- realms -----------------------------------------------------------------------

_CREATE_REALM = insert_unless_there(realms)
_THIS_REALM = realms.c.id == bindparam("this_realm")
_MOVE_VERSION = update(realms).where(_THIS_REALM).values(version=realms.c.version + 1)
_MOVE_KNOWN_VERSION = _MOVE_VERSION.where(realms.c.version == bindparam("was_version"))


def changed(connection: Connection, realm: RealmId, events: Events) -> None:
    """Move the realm's version and write the events. Raises LookupError if there is no such realm."""
    if connection.execute(_MOVE_VERSION, {"this_realm": realm}).rowcount == 0:
        raise LookupError("there is no such realm")
    audit.write(connection, realm, events)


def create_realm(connection: Connection, realm: Realm) -> Done | Taken:
    return Done() if connection.execute(_CREATE_REALM, realm_values(realm)).rowcount else Taken()


def save_realm(connection: Connection, realm_id: RealmId, realm: Realm, events: Events) -> Done | Superseded:
    moved = connection.execute(
        _MOVE_KNOWN_VERSION,
        {
            "this_realm": realm_id,
            "was_version": realm.version,
            "policy": to_json(dict(realm.policy)),
            "epoch": realm.epoch,
            "epoch_event": realm.epoch_event.value,
        },
    ).rowcount
    if not moved:
        return Superseded()
    audit.write(connection, realm_id, events)
    return Done()


# --- clients ----------------------------------------------------------------------

_ADD_CLIENT = insert_unless_there(clients)
_THIS_CLIENT = and_(clients.c.realm == bindparam("this_realm"), clients.c.id == bindparam("this_id"))
_SAVE_CLIENT = update(clients).where(_THIS_CLIENT, clients.c.revision == bindparam("was_revision"))
_DELETE_CLIENT = delete(clients).where(_THIS_CLIENT)
_FORGET_CONSENTS = delete(consents).where(
    consents.c.realm == bindparam("this_realm"), consents.c.client_id == bindparam("this_id")
)


def add_client(connection: Connection, realm: RealmId, client: Client, events: Events) -> Done | Taken:
    if connection.execute(_ADD_CLIENT, client_values(realm, client)).rowcount == 0:
        return Taken()
    changed(connection, realm, events)
    return Done()


def save_client(
    connection: Connection, realm: RealmId, client: Client, revoke: RevokeAll | None, events: Events
) -> Saved | Superseded:
    # Its own row first: whoever opens a grant for it holds that row, and has to be done before grants are ended.
    values = client_values(realm, client)
    this = {"this_realm": values.pop("realm"), "this_id": values.pop("id"), "was_revision": client.revision}
    values["revision"] += 1
    if connection.execute(_SAVE_CLIENT, this | values).rowcount == 0:
        return Superseded()
    ended = ending.end_all(connection, realm, revoke)
    changed(connection, realm, events)
    return Saved(ended)


def delete_client(
    connection: Connection, realm: RealmId, client_id: ClientId, revoke: RevokeAll, events: Events
) -> Saved | Superseded:
    this = {"this_realm": realm, "this_id": client_id}
    if connection.execute(_DELETE_CLIENT, this).rowcount == 0:
        return Superseded()
    connection.execute(_FORGET_CONSENTS, this)
    ended = ending.end_all(connection, realm, revoke)
    changed(connection, realm, events)
    return Saved(ended)


# --- resources --------------------------------------------------------------------

_ADD_RESOURCE = insert_unless_there(resources)
_DELETE_RESOURCE = delete(resources).where(
    resources.c.realm == bindparam("this_realm"), resources.c.identifier == bindparam("this_id")
)


def add_resource(connection: Connection, realm: RealmId, resource: Resource, events: Events) -> Done | Taken:
    if connection.execute(_ADD_RESOURCE, resource_values(realm, resource)).rowcount == 0:
        return Taken()
    changed(connection, realm, events)
    return Done()


def delete_resource(connection: Connection, realm: RealmId, identifier: str, events: Events) -> Done | Superseded:
    this = {"this_realm": realm, "this_id": identifier}
    if connection.execute(_DELETE_RESOURCE, this).rowcount == 0:
        return Superseded()
    changed(connection, realm, events)
    return Done()


# --- keys -------------------------------------------------------------------------

_SAVE_KEY = insert_or_replace(signing_keys)
_DROP_KEYS = delete(signing_keys).where(
    signing_keys.c.realm == bindparam("this_realm"), signing_keys.c.removed_at < bindparam("before")
)


def save_keys(
    connection: Connection, realm: RealmId, keys: Sequence[StoredKey], version: int, events: Events
) -> Done | Superseded:
    known = {"this_realm": realm, "was_version": version}
    if connection.execute(_MOVE_KNOWN_VERSION, known).rowcount == 0:
        return Superseded()
    for key in keys:
        connection.execute(_SAVE_KEY, key_values(realm, key))
    audit.write(connection, realm, events)
    return Done()


def drop_keys(connection: Connection, realm: RealmId, before: Millis) -> int:
    dropped = connection.execute(_DROP_KEYS, {"this_realm": realm, "before": before}).rowcount
    if dropped:
        changed(connection, realm, ())
    return dropped
