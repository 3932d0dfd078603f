"""The life of a grant: each verb one transaction, its condition in the statement, the row count its answer."""

from sqlalchemy import Connection, and_, bindparam, null, select, update

from evergrant.core.facts import Consent, Grant, GrantState, Revocation
from evergrant.core.ports.ledger import (
    Done,
    Events,
    Exchange,
    GrantSeen,
    Opened,
    Redelivery,
    Renewal,
    Room,
    Superseded,
)
from evergrant.protocol.values import GrantId, Millis, RealmId
from evergrant.store.schema import clients, consents, grants, realms, subjects
from evergrant.store.sql import audit, ending
from evergrant.store.sql.inserts import insert_or_replace, insert_unless_there
from evergrant.store.sql.rows.columns import caller_values
from evergrant.store.sql.rows.grants import consent_values, grant_values

_THIS = and_(grants.c.id == bindparam("this_grant"), grants.c.realm == bindparam("this_realm"))
_ACTIVE = grants.c.state == GrantState.ACTIVE.value

_INSERT = insert_unless_there(grants)
_REMEMBER_CONSENT = insert_or_replace(consents)

# What a verb changes besides is named in the parameters that it executes with.

# Locks in this order, as every verb does that changes one of them: subject, client, grants, realm.
_RELIES_ON = (
    select(subjects.c.id)
    .select_from(
        subjects.join(clients, clients.c.realm == subjects.c.realm).join(realms, realms.c.id == subjects.c.realm)
    )
    .where(
        subjects.c.realm == bindparam("this_realm"),
        subjects.c.id == bindparam("the_subject"),
        subjects.c.disabled == 0,
        subjects.c.epoch == bindparam("subject_epoch"),
        clients.c.id == bindparam("the_client"),
        clients.c.disabled == 0,
        clients.c.epoch == bindparam("client_epoch"),
        realms.c.epoch == bindparam("realm_epoch"),
    )
    .with_for_update(read=True)
)

# Two that count the active grants of one subject must not count at the same time.
_ONE_AT_A_TIME = select(subjects.c.id).where(subjects.c.realm == bindparam("this_realm"))
_COUNT_FOR_SUBJECT = _ONE_AT_A_TIME.where(subjects.c.id == bindparam("the_subject")).with_for_update(key_share=True)
_COUNT_FOR_GRANT = _ONE_AT_A_TIME.where(
    subjects.c.id == select(grants.c.subject).where(_THIS).scalar_subquery()
).with_for_update(key_share=True)

_EXCHANGE = (
    update(grants)
    .where(_THIS, grants.c.state == GrantState.PENDING.value, grants.c.generation == 0)
    .values(
        state=GrantState.ACTIVE.value,
        generation=1,
        previous_renewed_at=grants.c.renewed_at,
        retries=0,
        redirect_uri=null(),
        nonce=null(),
    )
    .returning(grants.c.subject, grants.c.client_id)
)

_RENEW = (
    update(grants)
    .where(
        _THIS,
        _ACTIVE,
        grants.c.generation == bindparam("was_generation"),
        grants.c.renewed_at == bindparam("was_renewed_at"),
    )
    # One bit for each of the last eight generations; a factor of 0 forgets them all.
    .values(retries=(grants.c.retries * bindparam("bits_factor", type_=grants.c.retries.type)) % 256)
)

_TOUCH = update(grants).where(_THIS, _ACTIVE, grants.c.used_at < bindparam("now_used_at"))
_REDELIVER = update(grants).where(
    _THIS,
    _ACTIVE,
    grants.c.generation == bindparam("was_generation"),
    grants.c.retries == bindparam("was_retries"),
)


def open_grant(
    connection: Connection,
    realm: RealmId,
    grant: Grant,
    consent: Consent | None,
    room: Room | None,
    events: Events,
) -> Opened | Superseded:
    names = {"this_realm": realm, "the_subject": grant.subject, "the_client": grant.client_id}
    epochs = {
        "realm_epoch": grant.epochs.realm,
        "client_epoch": grant.epochs.client,
        "subject_epoch": grant.epochs.subject,
    }
    if room is not None:
        connection.execute(_COUNT_FOR_SUBJECT, names)
    if connection.execute(_RELIES_ON, names | epochs).first() is None:
        return Superseded()
    if connection.execute(_INSERT, grant_values(realm, grant)).rowcount == 0:
        return Superseded()
    if consent is not None:
        connection.execute(_REMEMBER_CONSENT, consent_values(realm, consent))
    audit.write(connection, realm, events)
    if room is None:
        return Opened()
    return Opened(ending.make_room(connection, realm, grant.id, grant.subject, grant.client_id, room))


def exchange(
    connection: Connection, realm: RealmId, exchange: Exchange, room: Room, events: Events
) -> Opened | Superseded:
    this = {"this_grant": exchange.grant_id, "this_realm": realm}
    connection.execute(_COUNT_FOR_GRANT, this)
    moved = connection.execute(
        _EXCHANGE,
        {
            **this,
            "key_id": exchange.key_id,
            "secret_digest": exchange.secret_digest,
            "renewed_at": exchange.at,
            "used_at": exchange.at,
            "expires_at": exchange.expires_at,
            **caller_values(exchange.caller),
        },
    ).first()
    if moved is None:
        return Superseded()
    audit.write(connection, realm, events)
    return Opened(ending.make_room(connection, realm, exchange.grant_id, moved.subject, moved.client_id, room))


def renew(connection: Connection, realm: RealmId, renewal: Renewal, events: Events) -> Done | Superseded:
    moved = connection.execute(
        _RENEW,
        {
            "this_grant": renewal.grant_id,
            "this_realm": realm,
            "was_generation": renewal.generation,
            "was_renewed_at": renewal.renewed_at,
            "bits_factor": 0 if renewal.adopts else 2,
            "generation": renewal.to,
            "key_id": renewal.key_id,
            # The condition says what the stored value is, so it need not be read.
            "previous_renewed_at": renewal.at if renewal.adopts else renewal.renewed_at,
            "renewed_at": renewal.at,
            "used_at": renewal.at,
            **caller_values(renewal.caller),
        },
    ).rowcount
    if not moved:
        return Superseded()
    audit.write(connection, realm, events)
    return Done()


def touch(connection: Connection, realm: RealmId, grant_id: GrantId, used_at: Millis) -> None:
    connection.execute(
        _TOUCH,
        {"this_grant": grant_id, "this_realm": realm, "now_used_at": used_at, "used_at": used_at},
    )


def redeliver(connection: Connection, realm: RealmId, redelivery: Redelivery, events: Events) -> Done | Superseded:
    moved = connection.execute(
        _REDELIVER,
        {
            "this_grant": redelivery.grant_id,
            "this_realm": realm,
            "was_generation": redelivery.generation,
            "was_retries": redelivery.retries,
            "retries": redelivery.to,
        },
    ).rowcount
    if not moved:
        return Superseded()
    audit.write(connection, realm, events)
    return Done()


def revoke(
    connection: Connection,
    realm: RealmId,
    grant_id: GrantId,
    revocation: Revocation,
    seen: GrantSeen | None,
    events: Events,
) -> Done | Superseded:
    if not ending.end_one(connection, realm, grant_id, revocation, seen):
        return Superseded()
    audit.write(connection, realm, events)
    return Done()
