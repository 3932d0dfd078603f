"""Changes that an operator makes beside a running server, which notices within a second."""

from dataclasses import replace
from typing import Any

from evergrant.core.ports.store import RealmStore
from evergrant.protocol.values import ClientId, SubjectId
from tests.protocol.registry import Registered, User
from tests.protocol.served import SECOND, Served


def change_client(served: Served, client: Registered, **changes: Any) -> None:
    """Change fields of a registered client, and wait until the server knows."""

    async def change(store: RealmStore) -> object:
        before = await store.client(ClientId(client.id))
        assert before is not None
        return await store.save_client(replace(before, **changes), revoke=None, events=())

    served.registry.write(change, realm=client.realm)
    served.clock.advance(SECOND)


def disable(served: Served, user: User) -> None:
    """Disable a user."""

    async def change(store: RealmStore) -> object:
        subject = await store.subject(SubjectId(user.id))
        assert subject is not None
        gone = replace(subject, disabled=True)
        return await store.save_subject(gone, password_hash=None, end_sessions=True, revoke=None, events=())

    served.registry.write(change)
