"""Forgetting: at most so many rows of each kind at a time, and never one that could still detect reuse."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, select, tuple_
from sqlalchemy.sql.dml import ReturningDelete

from evergrant.core.facts import GrantState
from evergrant.core.ports.ledger import Horizon, Swept
from evergrant.protocol.values import RealmId
from evergrant.store.schema import attempts, claims, events, grants, sessions


def _some(table: Table, end: ColumnElement[int], *also: ColumnElement[bool]) -> ReturningDelete[tuple[str]]:
    """Delete at most `:most` rows of the realm whose `end` lies before `:before`, the oldest first.

    In order, so that a database which believes that much is over still goes by the index of `end`: without it
    PostgreSQL reads the table from its beginning, again for each batch.
    """
    key = tuple_(*table.primary_key.columns)
    chosen = (
        select(*table.primary_key.columns)
        .where(table.c.realm == bindparam("this_realm"), end < bindparam("before", type_=end.type), *also)
        .order_by(end)
        .limit(bindparam("most"))
        # What somebody else holds is left for the next time, rather than waited for; and what is chosen stays as it
        # is until it is gone. It is not asked again outside: PostgreSQL would then compare all that is over with all
        # that is chosen, where it believes that little is over.
        .with_for_update(skip_locked=True)
        # Chosen once: inside the condition PostgreSQL may choose anew, and others, for each row it looks at.
        .cte("chosen")
    )
    outgoing = delete(table).where(key.in_(select(*chosen.columns)))
    # Counted by what comes back: Python's own sqlite3 keeps no row count of a statement that begins with WITH.
    return outgoing.returning(table.c.realm)


GRANTS: Final = (
    ("pending_before", _some(grants, grants.c.pending_expires_at, grants.c.state == GrantState.PENDING.value)),
    ("revoked_before", _some(grants, grants.c.revoked_at, grants.c.revoked_at.is_not(None))),
    # A pending grant has no absolute end yet, and 0 there.
    ("expired_before", _some(grants, grants.c.expires_at, grants.c.expires_at > 0)),
)
"""The ways in which a grant is over: the field of Horizon, and what deletes some of them."""

_SESSIONS = _some(sessions, sessions.c.expires_at)
_CLAIMS = _some(claims, claims.c.expires_at)
_ATTEMPTS = _some(attempts, attempts.c.updated_at)
_EVENTS = _some(events, events.c.at)


def sweep(connection: Connection, realm: RealmId, horizon: Horizon, limit: int) -> Swept:
    def drop(statement: ReturningDelete[tuple[str]], before: int, most: int) -> int:
        values = {"this_realm": realm, "before": before, "most": most}
        return len(connection.execute(statement, values).all())

    swept = 0
    for name, statement in GRANTS:
        swept += drop(statement, getattr(horizon, name), limit - swept)
    return Swept(
        grants=swept,
        sessions=drop(_SESSIONS, horizon.now, limit),
        claims=drop(_CLAIMS, horizon.now, limit),
        attempts=drop(_ATTEMPTS, horizon.attempts_before, limit),
        events=drop(_EVENTS, horizon.events_before, limit),
    )
