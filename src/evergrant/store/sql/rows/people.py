"""Subjects, sessions and the audit trail as rows."""

from typing import Any, Final

import msgspec

from evergrant.core.facts import Event, EventKind, Session, Subject
from evergrant.core.policy import EpochEvent
from evergrant.core.usernames import normalise
from evergrant.protocol.values import CorrelationId, GrantId, Millis, RealmId, SubjectId
from evergrant.store import schema
from evergrant.store.sql.rows.columns import (
    Columns,
    Values,
    caller,
    caller_values,
    in_order,
    reader,
    storable,
    texts,
    to_json,
    words,
)

read_claims: Final = msgspec.json.Decoder(dict[str, Any]).decode
_EVENTS: Final = {event.value: event for event in EpochEvent}


def subject_values(realm: RealmId, subject: Subject) -> Values:
    """Everything but the password hash."""
    return {
        "realm": realm,
        "id": subject.id,
        "username": subject.username,
        "username_key": normalise(subject.username),
        "roles": to_json(subject.roles),
        "claims": to_json(dict(subject.claims)),
        "disabled": int(subject.disabled),
        "epoch": subject.epoch,
        "epoch_event": subject.epoch_event.value,
        "created_at": subject.created_at,
        "revision": subject.revision,
    }


def _subject(
    _realm: str,
    id: SubjectId,
    username: str,
    _username_key: str,
    roles: str,
    claims: str,
    disabled: int,
    epoch: int,
    epoch_event: str,
    created_at: Millis,
    revision: int,
) -> Subject:
    return Subject(
        id,
        username,
        words(roles),
        read_claims(claims),
        bool(disabled),
        epoch,
        _EVENTS[epoch_event],
        created_at,
        revision,
    )


def session_values(realm: RealmId, session: Session) -> Values:
    """The columns of a session."""
    return {
        "realm": realm,
        "digest": session.digest,
        "sid": session.sid,
        "subject": session.subject,
        "auth_time": session.auth_time,
        "amr": to_json(session.amr),
        "created_at": session.created_at,
        "used_at": session.used_at,
        "expires_at": session.expires_at,
        **caller_values(session.seen),
    }


def _session(row: Columns) -> Session:
    return Session(
        digest=row["digest"],
        sid=row["sid"],
        subject=SubjectId(row["subject"]),
        auth_time=Millis(row["auth_time"]),
        amr=words(row["amr"]),
        created_at=Millis(row["created_at"]),
        used_at=Millis(row["used_at"]),
        expires_at=Millis(row["expires_at"]),
        seen=caller(row),
    )


def event_values(realm: RealmId, event: Event) -> Values:
    """The columns of an event."""
    return {
        "realm": realm,
        "at": event.at,
        "kind": event.kind.value,
        "correlation_id": storable(event.correlation_id),
        "grant_id": event.grant_id,
        "client_id": None if event.client_id is None else storable(event.client_id),
        "subject": None if event.subject is None else storable(event.subject),
        "reason": event.reason,
        "detail": to_json({name: storable(text) for name, text in event.detail.items()}),
        **caller_values(event.caller),
    }


def _event(row: Columns) -> Event:
    return Event(
        at=Millis(row["at"]),
        kind=EventKind(row["kind"]),
        correlation_id=CorrelationId(row["correlation_id"]),
        grant_id=None if row["grant_id"] is None else GrantId(row["grant_id"]),
        client_id=row["client_id"],
        subject=row["subject"],
        reason=row["reason"],
        caller=caller(row),
        detail=texts(row["detail"]),
    )


SUBJECT_COLUMNS = tuple(c for c in schema.subjects.columns if c.name != "password_hash")
"""A hash is read for a sign-in only."""

read_subject = in_order(SUBJECT_COLUMNS, _subject)
read_session = reader(schema.sessions.columns, _session)
read_event = reader(schema.events.columns, _event)
