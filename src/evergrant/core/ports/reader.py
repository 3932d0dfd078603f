"""Questions to the store. Nothing here changes anything."""

from dataclasses import dataclass
from typing import Protocol

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
from evergrant.protocol.values import ClientId, CorrelationId, GrantId, Millis, SubjectId


class StoreUnavailable(Exception):
    """The store cannot be asked, or an outcome is unknown: the caller answers 503, never `invalid_grant`."""


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """All fields that are set must match."""

    subject: SubjectId | None = None
    client_id: ClientId | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """All fields that are set must match."""

    correlation_id: CorrelationId | None = None
    grant_id: GrantId | None = None
    subject: SubjectId | None = None
    client_id: ClientId | None = None


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """`schema` is "head", or a sentence that says what is wrong; `now` is the database's clock, None: it has none."""

    schema: str
    now: Millis | None


class Reader(Protocol):
    """Questions about one realm. Every method may raise StoreUnavailable."""

    async def grant(self, grant_id: GrantId, /) -> GrantFacts | None: ...

    async def subject(self, subject: SubjectId, /) -> Subject | None: ...

    async def login(self, username: str, /) -> Login | None:
        """By user name, compared case-insensitively (the caller passes it normalised by `core.usernames`)."""
        ...

    async def session(self, digest: bytes, /) -> SessionFacts | None: ...

    async def consent(self, subject: SubjectId, client_id: ClientId, /) -> Consent | None: ...

    async def is_claimed(self, kind: str, claim: bytes, /) -> bool: ...

    async def client(self, client_id: ClientId, /) -> Client | None: ...

    async def realm(self) -> Realm:
        """This realm as it is now; its `version` tells whether anything cached is stale. LookupError: there is none."""
        ...

    async def resources(self) -> tuple[Resource, ...]: ...

    async def signing_keys(self) -> tuple[StoredKey, ...]: ...

    async def clients(self) -> tuple[Client, ...]: ...

    async def subjects(self) -> tuple[Subject, ...]: ...

    async def grants(self, wanted: GrantFilter, limit: int, /) -> tuple[Grant, ...]:
        """Newest first, at most `limit`."""
        ...

    async def events(self, wanted: EventFilter, limit: int, /) -> tuple[Event, ...]:
        """Newest first, at most `limit`."""
        ...


class RealmReader(Protocol):
    """Which realms there are."""

    async def realms(self) -> tuple[Realm, ...]: ...

    async def health(self) -> StoreHealth: ...
