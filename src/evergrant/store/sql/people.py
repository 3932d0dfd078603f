"""Subjects: whoever changes one holds its row until the end, so that nobody opens a grant for what was before."""

from sqlalchemy import Connection, and_, bindparam, delete, exists, update

from evergrant.core.facts import Subject
from evergrant.core.ports.ledger import Done, Events, RevokeAll, Saved, Superseded, Taken
from evergrant.protocol.values import RealmId, SubjectId
from evergrant.store.schema import consents, subjects
from evergrant.store.sql import ending, signing_in
from evergrant.store.sql.configuration import changed
from evergrant.store.sql.inserts import insert_unless_there
from evergrant.store.sql.rows.people import subject_values

_others = subjects.alias("others")
_THIS = and_(subjects.c.realm == bindparam("this_realm"), subjects.c.id == bindparam("this_id"))
_ADD = insert_unless_there(subjects)
_SAVE = update(subjects).where(
    _THIS,
    subjects.c.revision == bindparam("was_revision"),
    ~exists().where(
        _others.c.realm == bindparam("this_realm"),
        _others.c.username_key == bindparam("wanted_name"),
        _others.c.id != bindparam("this_id"),
    ),
)
_REHASH = update(subjects).where(_THIS, subjects.c.password_hash == bindparam("hash_before"))
_DELETE = delete(subjects).where(_THIS)
_FORGET_CONSENTS = delete(consents).where(
    consents.c.realm == bindparam("this_realm"), consents.c.subject == bindparam("this_id")
)


def add_subject(
    connection: Connection, realm: RealmId, subject: Subject, password_hash: str | None, events: Events
) -> Done | Taken:
    values = subject_values(realm, subject) | {"password_hash": password_hash}
    if connection.execute(_ADD, values).rowcount == 0:
        return Taken()
    changed(connection, realm, events)
    return Done()


def save_subject(
    connection: Connection,
    realm: RealmId,
    subject: Subject,
    password_hash: str | None,
    end_sessions: bool,
    revoke: RevokeAll | None,
    events: Events,
) -> Saved | Superseded:
    values = subject_values(realm, subject)
    this = {"this_realm": values.pop("realm"), "this_id": values.pop("id")}
    this |= {"was_revision": subject.revision, "wanted_name": values["username_key"]}
    values["revision"] += 1
    if password_hash is not None:
        values["password_hash"] = password_hash
    if connection.execute(_SAVE, this | values).rowcount == 0:
        return Superseded()
    if end_sessions:
        signing_in.end_sessions_of(connection, realm, subject.id)
    ended = ending.end_all(connection, realm, revoke)
    changed(connection, realm, events)
    return Saved(ended)


def delete_subject(
    connection: Connection, realm: RealmId, subject: SubjectId, revoke: RevokeAll, events: Events
) -> Saved | Superseded:
    this = {"this_realm": realm, "this_id": subject}
    if connection.execute(_DELETE, this).rowcount == 0:
        return Superseded()
    connection.execute(_FORGET_CONSENTS, this)
    signing_in.end_sessions_of(connection, realm, subject)
    ended = ending.end_all(connection, realm, revoke)
    changed(connection, realm, events)
    return Saved(ended)


def rehash(connection: Connection, realm: RealmId, subject: SubjectId, before: str, after: str) -> None:
    names = {"this_realm": realm, "this_id": subject, "hash_before": before}
    connection.execute(_REHASH, names | {"password_hash": after})
