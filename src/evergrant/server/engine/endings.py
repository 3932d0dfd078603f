"""From what a change ends (core.changes) to the condition that the store is given."""

from collections.abc import Iterable

from evergrant.core.changes import Ending
from evergrant.core.facts import Revocation
from evergrant.core.ports.ledger import RevokeAll, RevokeWhere
from evergrant.core.reasons import Reason
from evergrant.protocol.values import ClientId, Millis, SubjectId


def revoke_all(
    endings: Iterable[Ending],
    revocation: Revocation,
    *,
    subject: SubjectId | None = None,
    session_id: str | None = None,
) -> RevokeAll | None:
    """Ends these grants of one subject, one session, or (neither given) of the clients named. None: there are none.

    Raises ValueError for a condition that every grant of the realm would meet: nobody ever means that.
    """
    endings = tuple(endings)
    if subject is None and session_id is None and any(ending.client_id is None for ending in endings):
        raise ValueError("whose grants are to end?")
    where = tuple(
        RevokeWhere(
            subject=subject,
            client_id=ending.client_id,
            session_id=session_id,
            only_online=ending.only_online,
            except_clients=ending.others_than,
        )
        for ending in endings
    )
    return RevokeAll(where, revocation) if where else None


def revoke_subject(subject: SubjectId, at: Millis, reason: Reason) -> RevokeAll:
    """Ends every grant of a subject, whatever the policy: it is gone."""
    return RevokeAll((RevokeWhere(subject=subject),), Revocation(at, "operator", reason))


def revoke_client(client_id: ClientId, at: Millis, reason: Reason) -> RevokeAll:
    """Ends every grant of a client, whatever the policy: it is gone."""
    return RevokeAll((RevokeWhere(client_id=client_id),), Revocation(at, "operator", reason))
