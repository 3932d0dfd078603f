"""The questions: one SELECT each."""

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, literal, select

from evergrant.core.facts import (
    Client,
    Consent,
    Event,
    Grant,
    GrantFacts,
    Login,
    Realm,
    Resource,
    SessionFacts,
    StoredKey,
    Subject,
)
from evergrant.core.ports.reader import EventFilter, GrantFilter
from evergrant.core.usernames import normalise
from evergrant.protocol.values import ClientId, GrantId, RealmId, SubjectId
from evergrant.store.schema import (
    claims,
    clients,
    consents,
    events,
    grants,
    realms,
    resources,
    sessions,
    signing_keys,
    subjects,
)
from evergrant.store.sql.rows.columns import Row, is_storable
from evergrant.store.sql.rows.configuration import read_client, read_key, read_realm, read_resource
from evergrant.store.sql.rows.grants import read_consent, read_grant
from evergrant.store.sql.rows.people import SUBJECT_COLUMNS, read_event, read_session, read_subject


def _in_realm(table: Table) -> ColumnElement[bool]:
    return table.c.realm == bindparam("this_realm")


def _with_subject(table: Table) -> Select[tuple[object, ...]]:
    """Rows of `table` beside their subject, whose columns are NULL where it is gone."""
    of = and_(subjects.c.realm == table.c.realm, subjects.c.id == table.c.subject)
    return select(*table.columns, *SUBJECT_COLUMNS).select_from(table.outerjoin(subjects, of))


def _subject_or_none(row: Row) -> Subject | None:
    return None if row[0] is None else read_subject(row)


# --- one of a kind ----------------------------------------------------------------

_GRANT = _with_subject(grants).where(_in_realm(grants), grants.c.id == bindparam("this"))
_SESSION = _with_subject(sessions).where(_in_realm(sessions), sessions.c.digest == bindparam("this"))
_SUBJECT = select(*SUBJECT_COLUMNS).where(_in_realm(subjects), subjects.c.id == bindparam("this"))
_LOGIN = select(subjects.c.password_hash, *SUBJECT_COLUMNS).where(
    _in_realm(subjects), subjects.c.username_key == bindparam("this")
)
_CONSENT = select(consents).where(
    _in_realm(consents),
    consents.c.subject == bindparam("this_subject"),
    consents.c.client_id == bindparam("this_client"),
)
_CLAIMED = select(literal(1)).where(
    _in_realm(claims), claims.c.kind == bindparam("this_kind"), claims.c.claim == bindparam("this")
)
_CLIENT = select(clients).where(_in_realm(clients), clients.c.id == bindparam("this"))
_REALM = select(realms).where(realms.c.id == bindparam("this_realm"))


def grant(connection: Connection, realm: RealmId, grant_id: GrantId) -> GrantFacts | None:
    row = connection.execute(_GRANT, {"this_realm": realm, "this": grant_id}).first()
    if row is None:
        return None
    width = len(grants.columns)
    return GrantFacts(read_grant(row[:width]), _subject_or_none(row[width:]))


def session(connection: Connection, realm: RealmId, digest: bytes) -> SessionFacts | None:
    row = connection.execute(_SESSION, {"this_realm": realm, "this": digest}).first()
    if row is None:
        return None
    width = len(sessions.columns)
    return SessionFacts(read_session(row[:width]), _subject_or_none(row[width:]))


def subject(connection: Connection, realm: RealmId, subject_id: SubjectId) -> Subject | None:
    if not is_storable(subject_id):
        return None
    row = connection.execute(_SUBJECT, {"this_realm": realm, "this": subject_id}).first()
    return None if row is None else read_subject(row)


def login(connection: Connection, realm: RealmId, username: str) -> Login | None:
    wanted = normalise(username)
    if not is_storable(wanted):
        return None
    row = connection.execute(_LOGIN, {"this_realm": realm, "this": wanted}).first()
    return None if row is None else Login(read_subject(row[1:]), row[0])


def consent(connection: Connection, realm: RealmId, subject_id: SubjectId, client_id: ClientId) -> Consent | None:
    names = {"this_realm": realm, "this_subject": subject_id, "this_client": client_id}
    row = connection.execute(_CONSENT, names).first()
    return None if row is None else read_consent(row)


def is_claimed(connection: Connection, realm: RealmId, kind: str, claim: bytes) -> bool:
    names = {"this_realm": realm, "this_kind": kind, "this": claim}
    return connection.execute(_CLAIMED, names).first() is not None


def client(connection: Connection, realm: RealmId, client_id: ClientId) -> Client | None:
    if not is_storable(client_id):
        return None
    row = connection.execute(_CLIENT, {"this_realm": realm, "this": client_id}).first()
    return None if row is None else read_client(row)


def this_realm(connection: Connection, realm: RealmId) -> Realm:
    """The realm with its version. Raises LookupError where nobody created it."""
    row = connection.execute(_REALM, {"this_realm": realm}).first()
    if row is None:
        raise LookupError("there is no such realm")
    return read_realm(row)


# --- lists: sorted here, because databases differ in how they order text ------------

_REALMS = select(realms)
_CLIENTS = select(clients).where(_in_realm(clients))
_SUBJECTS = select(*SUBJECT_COLUMNS).where(_in_realm(subjects))
_RESOURCES = select(resources).where(_in_realm(resources))
_KEYS = select(signing_keys).where(_in_realm(signing_keys))
_GRANTS = (
    select(grants)
    .where(_in_realm(grants))
    .order_by(grants.c.created_at.desc(), grants.c.id.desc())
    .limit(bindparam("most"))
)
_EVENTS = select(events).where(_in_realm(events)).order_by(events.c.id.desc()).limit(bindparam("most"))


def all_realms(connection: Connection) -> tuple[Realm, ...]:
    """Every realm, by name."""
    rows = connection.execute(_REALMS)
    return tuple(sorted((read_realm(row) for row in rows), key=lambda realm: realm.name))


def all_clients(connection: Connection, realm: RealmId) -> tuple[Client, ...]:
    """Every client, by id."""
    rows = connection.execute(_CLIENTS, {"this_realm": realm})
    return tuple(sorted((read_client(row) for row in rows), key=lambda client: client.id))


def all_subjects(connection: Connection, realm: RealmId) -> tuple[Subject, ...]:
    """Every subject, by user name."""
    rows = connection.execute(_SUBJECTS, {"this_realm": realm})
    return tuple(sorted((read_subject(row) for row in rows), key=lambda person: normalise(person.username)))


def all_resources(connection: Connection, realm: RealmId) -> tuple[Resource, ...]:
    """Every resource, by identifier."""
    rows = connection.execute(_RESOURCES, {"this_realm": realm})
    return tuple(sorted((read_resource(row) for row in rows), key=lambda resource: resource.identifier))


def all_keys(connection: Connection, realm: RealmId) -> tuple[StoredKey, ...]:
    """Every signing key, oldest first."""
    rows = connection.execute(_KEYS, {"this_realm": realm})
    return tuple(sorted((read_key(row) for row in rows), key=lambda key: (key.created_at, key.kid)))


def some_grants(connection: Connection, realm: RealmId, wanted: GrantFilter, limit: int) -> tuple[Grant, ...]:
    """Grants, newest first."""
    statement = _GRANTS
    if wanted.subject is not None:
        statement = statement.where(grants.c.subject == wanted.subject)
    if wanted.client_id is not None:
        statement = statement.where(grants.c.client_id == wanted.client_id)
    if wanted.session_id is not None:
        statement = statement.where(grants.c.session_id == wanted.session_id)
    rows = connection.execute(statement, {"this_realm": realm, "most": limit})
    return tuple(read_grant(row) for row in rows)


def some_events(connection: Connection, realm: RealmId, wanted: EventFilter, limit: int) -> tuple[Event, ...]:
    """Events, newest first."""
    statement = _EVENTS
    if wanted.correlation_id is not None:
        statement = statement.where(events.c.correlation_id == wanted.correlation_id)
    if wanted.grant_id is not None:
        statement = statement.where(events.c.grant_id == wanted.grant_id)
    if wanted.subject is not None:
        statement = statement.where(events.c.subject == wanted.subject)
    if wanted.client_id is not None:
        statement = statement.where(events.c.client_id == wanted.client_id)
    rows = connection.execute(statement, {"this_realm": realm, "most": limit})
    return tuple(read_event(row) for row in rows)
