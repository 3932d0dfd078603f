"""Every way in which grants end. When, by whom and why is written with it."""

from dataclasses import replace

from sqlalchemy import Connection, and_, bindparam, select, update

from evergrant.core.facts import GrantState, Revocation
from evergrant.core.ports.ledger import Events, GrantSeen, RevokeAll, RevokeWhere, Room, Saved
from evergrant.core.reasons import Reason
from evergrant.protocol.values import ClientId, GrantId, RealmId, SubjectId
from evergrant.store.schema import grants
from evergrant.store.sql import audit
from evergrant.store.sql.rows.columns import Values

_REALM = grants.c.realm == bindparam("this_realm")
_ALIVE = grants.c.state.in_((GrantState.PENDING.value, GrantState.ACTIVE.value))
_ACTIVE = grants.c.state == GrantState.ACTIVE.value

_END = update(grants).where(_REALM, _ALIVE).values(state=GrantState.REVOKED.value)
_END_ONE = _END.where(grants.c.id == bindparam("this_grant"))
_END_AS_SEEN = _END_ONE.where(
    grants.c.generation == bindparam("was_generation"),
    grants.c.renewed_at == bindparam("was_renewed_at"),
    grants.c.used_at == bindparam("was_used_at"),
)

_SURPLUS = (
    select(grants.c.id)
    .where(
        _REALM,
        grants.c.subject == bindparam("the_subject"),
        grants.c.client_id == bindparam("the_client"),
        _ACTIVE,
        grants.c.id != bindparam("kept_grant"),
    )
    .order_by(grants.c.used_at.desc(), grants.c.id.desc())
    .offset(bindparam("others"))
)
_MAKE_ROOM = (
    update(grants)
    .where(and_(_REALM, _ACTIVE, grants.c.id.in_(_SURPLUS)))
    .values(state=GrantState.REVOKED.value)
    .returning(grants.c.id, grants.c.used_at)
)


def end_one(
    connection: Connection,
    realm: RealmId,
    grant_id: GrantId,
    revocation: Revocation,
    seen: GrantSeen | None,
) -> bool:
    """End one grant, if it is not over and still as it was seen; whether it did."""
    values = {"this_realm": realm, "this_grant": grant_id, **_why(revocation)}
    if seen is None:
        return connection.execute(_END_ONE, values).rowcount == 1
    as_seen = {
        "was_generation": seen.generation,
        "was_renewed_at": seen.renewed_at,
        "was_used_at": seen.used_at,
    }
    return connection.execute(_END_AS_SEEN, values | as_seen).rowcount == 1


def end_all(connection: Connection, realm: RealmId, revoke: RevokeAll | None) -> int:
    """End every grant that one of the conditions matches; how many."""
    return 0 if revoke is None else sum(_end_where(connection, realm, w, revoke.revocation) for w in revoke.where)


def revoke_all(connection: Connection, realm: RealmId, revoke: RevokeAll, events: Events) -> Saved:
    ended = end_all(connection, realm, revoke)
    audit.write(connection, realm, events)
    return Saved(ended)


def _end_where(connection: Connection, realm: RealmId, where: RevokeWhere, revocation: Revocation) -> int:
    statement = _END
    if where.subject is not None:
        statement = statement.where(grants.c.subject == where.subject)
    if where.client_id is not None:
        statement = statement.where(grants.c.client_id == where.client_id)
    if where.session_id is not None:
        statement = statement.where(grants.c.session_id == where.session_id)
    if where.only_online:
        statement = statement.where(grants.c.offline == 0)
    if where.except_clients:
        statement = statement.where(grants.c.client_id.not_in(sorted(where.except_clients)))
    return connection.execute(statement, {"this_realm": realm, **_why(revocation)}).rowcount


def make_room(
    connection: Connection, realm: RealmId, kept: GrantId, subject: SubjectId, client_id: ClientId, room: Room
) -> tuple[GrantId, ...]:
    """End the least recently used active grants beside `kept` beyond `room.most`, with an event each."""
    ended = connection.execute(
        _MAKE_ROOM,
        {
            "this_realm": realm,
            "the_subject": subject,
            "the_client": client_id,
            "kept_grant": kept,
            "others": max(0, room.most - 1),
            **_why(Revocation(room.event.at, "server", Reason.MADE_ROOM)),
        },
    ).all()
    ids = tuple(GrantId(row.id) for row in sorted(ended, key=lambda row: (row.used_at, row.id)))
    audit.write(connection, realm, [replace(room.event, grant_id=grant_id) for grant_id in ids])
    return ids


def _why(revocation: Revocation) -> Values:
    return {
        "revoked_at": revocation.at,
        "revoked_by": revocation.by,
        "revoked_reason": str(revocation.reason),
    }
