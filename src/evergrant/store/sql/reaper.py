"""Forgetting: at most so many rows of each kind at a time, and never one that could still detect reuse."""

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, delete, select, tuple_
from sqlalchemy.sql.dml import ReturningDelete

from evergrant.core.facts import GrantState
from evergrant.core.ports.ledger import Horizon, Swept
from evergrant.protocol.values import RealmId
from evergrant.store.schema import attempts, claims, events, grants, sessions


def _some(table: Table, is_over: ColumnElement[bool]) -> ReturningDelete[tuple[str]]:
    """Delete at most `:most` rows of the realm that are over before `:before`."""
    key = tuple_(*table.primary_key.columns)
    # What somebody else holds is left for the next time, rather than waited for.
    chosen = (
        select(*table.primary_key.columns)
        .where(table.c.realm == bindparam("this_realm"), is_over)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        # Chosen once: inside the condition PostgreSQL may choose anew, and others, for each row it looks at.
        .cte("chosen")
    )
    # Asked again outside: the row may have moved on between choosing and deleting.
    outgoing = delete(table).where(key.in_(select(*chosen.columns)), is_over)
    # Counted by what comes back: Python's own sqlite3 keeps no row count of a statement that begins with WITH.
    return outgoing.returning(table.c.realm)


_BEFORE: ColumnElement[int] = bindparam("before", type_=grants.c.expires_at.type)
_GRANTS = (
    (
        "pending_before",
        _some(
            grants,
            and_(grants.c.state == GrantState.PENDING.value, grants.c.pending_expires_at < _BEFORE),
        ),
    ),
    ("revoked_before", _some(grants, and_(grants.c.revoked_at.is_not(None), grants.c.revoked_at < _BEFORE))),
    # A pending grant has no absolute end yet, and 0 there.
    ("expired_before", _some(grants, and_(grants.c.expires_at > 0, grants.c.expires_at < _BEFORE))),
)
_SESSIONS = _some(sessions, sessions.c.expires_at < _BEFORE)
_CLAIMS = _some(claims, claims.c.expires_at < _BEFORE)
_ATTEMPTS = _some(attempts, attempts.c.updated_at < _BEFORE)
_EVENTS = _some(events, events.c.at < _BEFORE)


def sweep(connection: Connection, realm: RealmId, horizon: Horizon, limit: int) -> Swept:
    def drop(statement: ReturningDelete[tuple[str]], before: int, most: int) -> int:
        values = {"this_realm": realm, "before": before, "most": most}
        return len(connection.execute(statement, values).all())

    swept = 0
    for name, statement in _GRANTS:
        swept += drop(statement, getattr(horizon, name), limit - swept)
    return Swept(
        grants=swept,
        sessions=drop(_SESSIONS, horizon.now, limit),
        claims=drop(_CLAIMS, horizon.now, limit),
        attempts=drop(_ATTEMPTS, horizon.attempts_before, limit),
        events=drop(_EVENTS, horizon.events_before, limit),
    )
