"""Single use, throttling and sessions."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from evergrant.core.facts import Session
from evergrant.core.ports.ledger import Attempt, Done, Events, RevokeAll, Saved, Superseded, Taken
from evergrant.protocol.values import Millis, RealmId, SubjectId
from evergrant.store.schema import LONG, attempts, claims, sessions, subjects
from evergrant.store.sql import audit, ending
from evergrant.store.sql.inserts import insert_unless_there
from evergrant.store.sql.rows.people import session_values

# --- single use -------------------------------------------------------------------

_CLAIM = insert_unless_there(claims)


def claim_once(
    connection: Connection, realm: RealmId, kind: str, claim: bytes, expires_at: Millis, events: Events
) -> Done | Taken:
    values = {"realm": realm, "kind": kind, "claim": claim, "expires_at": expires_at}
    if connection.execute(_CLAIM, values).rowcount == 0:
        return Taken()
    audit.write(connection, realm, events)
    return Done()


# --- throttling -------------------------------------------------------------------

_NOW: ColumnElement[int] = bindparam("now", type_=LONG)
_LEAK: ColumnElement[int] = bindparam("leak", type_=LONG)
# A clock that stepped back leaks nothing.
_LEAKS = case((attempts.c.updated_at < _NOW, (_NOW - attempts.c.updated_at) // _LEAK), else_=0)
_EMPTY = attempts.c.tally <= _LEAKS
_LEFT = case((_EMPTY, 0), else_=attempts.c.tally - _LEAKS)
_LEAKED_AT = case(
    (_EMPTY, case((attempts.c.updated_at < _NOW, _NOW), else_=attempts.c.updated_at)),
    # Whole leaks only: the rest of the time counts towards the next one.
    else_=attempts.c.updated_at + _LEAKS * _LEAK,
)

_COUNT = (
    insert(attempts)
    .values(realm=bindparam("this_realm"), key=bindparam("this_key"), tally=1, updated_at=_NOW)
    .on_conflict_do_update(index_elements=["realm", "key"], set_={"tally": _LEFT + 1, "updated_at": _LEAKED_AT})
    .returning(attempts.c.tally)
)
_FORGIVE = (
    update(attempts)
    .where(attempts.c.realm == bindparam("this_realm"), attempts.c.key == bindparam("this_key"))
    .values(tally=case((_LEFT > 0, _LEFT - 1), else_=0), updated_at=_LEAKED_AT)
)


def count_attempts(connection: Connection, realm: RealmId, counted: Sequence[Attempt], now: Millis) -> tuple[int, ...]:
    counts = [0] * len(counted)
    for index, attempt in _in_order(counted):
        counts[index] = connection.execute(_COUNT, _bucket(realm, attempt, now)).scalar_one()
    return tuple(counts)


def forgive_attempts(connection: Connection, realm: RealmId, counted: Sequence[Attempt], now: Millis) -> None:
    for _, attempt in _in_order(counted):
        connection.execute(_FORGIVE, _bucket(realm, attempt, now))


def _in_order(counted: Sequence[Attempt]) -> list[tuple[int, Attempt]]:
    """By key: two sign-ins that count in the same buckets would otherwise wait for each other for ever."""
    return sorted(enumerate(counted), key=lambda numbered: numbered[1].key)


def _bucket(realm: RealmId, attempt: Attempt, now: Millis) -> dict[str, object]:
    return {"this_realm": realm, "this_key": attempt.key, "leak": attempt.leak, "now": now}


# --- sessions ---------------------------------------------------------------------

_THIS_SESSION = and_(sessions.c.realm == bindparam("this_realm"), sessions.c.digest == bindparam("this_digest"))
_MAY_SIGN_IN = (
    select(subjects.c.id)
    .where(
        subjects.c.realm == bindparam("this_realm"),
        subjects.c.id == bindparam("the_subject"),
        subjects.c.disabled == 0,
    )
    .with_for_update(read=True)
)
_START = insert_unless_there(sessions)
_USE = update(sessions).where(_THIS_SESSION, sessions.c.used_at < bindparam("now_used_at"))
_END = delete(sessions).where(_THIS_SESSION)
_END_OF_SUBJECT = delete(sessions).where(
    sessions.c.realm == bindparam("this_realm"), sessions.c.subject == bindparam("the_subject")
)


def start_session(
    connection: Connection, realm: RealmId, session: Session, replaces: bytes | None, events: Events
) -> Done | Superseded:
    may = connection.execute(_MAY_SIGN_IN, {"this_realm": realm, "the_subject": session.subject}).first()
    if may is None:
        return Superseded()
    if connection.execute(_START, session_values(realm, session)).rowcount == 0:
        return Superseded()
    if replaces is not None:
        connection.execute(_END, {"this_realm": realm, "this_digest": replaces})
    audit.write(connection, realm, events)
    return Done()


def use_session(connection: Connection, realm: RealmId, digest: bytes, used_at: Millis) -> None:
    names = {"this_realm": realm, "this_digest": digest}
    connection.execute(_USE, {**names, "now_used_at": used_at, "used_at": used_at})


def end_session(
    connection: Connection, realm: RealmId, digest: bytes, revoke: RevokeAll | None, events: Events
) -> Saved:
    connection.execute(_END, {"this_realm": realm, "this_digest": digest})
    ended = ending.end_all(connection, realm, revoke)
    audit.write(connection, realm, events)
    return Saved(ended)


def end_sessions_of(connection: Connection, realm: RealmId, subject: SubjectId) -> None:
    """End every session of a subject."""
    connection.execute(_END_OF_SUBJECT, {"this_realm": realm, "the_subject": subject})
