"""What an operator does beside the running server: through the operators' engine, in a store of his own."""

from collections.abc import Awaitable, Callable
from typing import Final

from evergrant.app.master_key import keep_master_key
from evergrant.app.settings import Settings
from evergrant.core.grants import GRANT_TYPES
from evergrant.core.policy import PolicyValue
from evergrant.core.ports.store import RealmStore, Store
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import CorrelationId
from evergrant.server.call import Call
from evergrant.server.engine.keys import Keys
from evergrant.server.engine.operators.clients import Clients, ClientUpdate
from evergrant.server.engine.operators.grants import Grants
from evergrant.server.engine.operators.realms import Realms
from evergrant.server.engine.operators.subjects import Subjects
from evergrant.server.keyring import open_private
from evergrant.testing.chance import Chance
from tests.protocol.movable_clock import MovableClock
from tests.protocol.registry import NOTICED_WITHIN, Registered, Registry, User, hashed

CALL: Final = Call(CorrelationId("operator"))
_chance = Chance(7)


class Desk:
    """Changes in one server's store. After each a second has passed, within which the server notices."""

    def __init__(self, settings: Settings, clock: MovableClock, registry: Registry) -> None:
        self._settings = settings
        self._clock = clock
        self._registry = registry

    def new_realm(self, name: str, **policy: PolicyValue) -> None:
        """A realm with signing keys."""
        masters = self._settings.masters or keep_master_key(self._settings.data_dir, _chance)

        async def create(store: Store) -> None:
            realm = await Realms(store, self._clock).create(CALL, name, policy)
            await Keys(store.realm_store(realm.id), masters, self._clock, _chance).ensure(CALL)

        self._registry.with_store(create)
        self._clock.advance(NOTICED_WITHIN)

    def ensure_realm(self, name: str) -> None:
        """The same, once on each server."""
        if name not in self._registry.realms():
            self.new_realm(name)

    def rotate_keys(self, realm: str = "default") -> None:
        masters = self._settings.masters or keep_master_key(self._settings.data_dir, _chance)
        self._registry.ask(lambda store: Keys(store, masters, self._clock, _chance).rotate(CALL), realm=realm)
        self._clock.advance(NOTICED_WITHIN)

    def signing_key_der(self, alg: str) -> bytes:
        """The private key that signs now: what a thief of database and master key together would have."""
        masters = self._settings.masters or keep_master_key(self._settings.data_dir, _chance)

        async def find(store: RealmStore) -> bytes:
            keys = [key for key in await store.signing_keys() if key.alg == alg and key.active_from <= self._clock()]
            newest = max(keys, key=lambda key: key.active_from)
            return open_private(newest, (await store.realm()).id, masters).to_der()

        return self._registry.ask(find)

    def realm_policy(self, name: str, **policy: PolicyValue | None) -> None:
        self._registry.with_store(lambda store: Realms(store, self._clock).set_policy(CALL, name, policy))
        self._clock.advance(NOTICED_WITHIN)

    def update(self, client: Registered, **changes: object) -> None:
        wanted = ClientUpdate(**changes)  # type: ignore[arg-type]  # fields of ClientUpdate, by name
        self._client(client, lambda clients: clients.update(CALL, client.id, wanted))

    def disable_client(self, client: Registered) -> None:
        self._client(client, lambda clients: clients.disable(CALL, client.id))

    def enable_client(self, client: Registered) -> None:
        self._client(client, lambda clients: clients.enable(CALL, client.id))

    def delete_client(self, client: Registered) -> None:
        self._client(client, lambda clients: clients.delete(CALL, client.id))

    def rotate_secret(self, client: Registered) -> str:
        """The new secret."""
        secrets: list[Secret] = []

        async def rotate(clients: Clients) -> None:
            changed = await clients.rotate_secret(CALL, client.id)
            assert changed.secret is not None
            secrets.append(changed.secret)

        self._client(client, rotate)
        return secrets[0].reveal()

    def set_roles(self, user: User, *roles: str) -> None:
        self._subject(lambda subjects: subjects.set_roles(CALL, user.id, roles))

    def set_password(self, user: User, password: str) -> None:
        self._subject(lambda subjects: subjects.set_password(CALL, user.id, Secret(password)))

    def disable(self, user: User) -> None:
        self._subject(lambda subjects: subjects.disable(CALL, user.id))

    def enable(self, user: User) -> None:
        self._subject(lambda subjects: subjects.enable(CALL, user.id))

    def delete(self, user: User) -> None:
        self._subject(lambda subjects: subjects.delete(CALL, user.id))

    def end_grant(self, gid: str, *, realm: str = "default") -> None:
        self._registry.ask(lambda store: Grants(store, self._clock).revoke(CALL, gid), realm=realm)
        self._clock.advance(NOTICED_WITHIN)

    def _client(self, client: Registered, act: Callable[[Clients], Awaitable[object]]) -> None:
        grant_types = frozenset(GRANT_TYPES)
        self._registry.ask(lambda store: act(Clients(store, self._clock, _chance, grant_types)), realm=client.realm)
        self._clock.advance(NOTICED_WITHIN)

    def _subject(self, act: Callable[[Subjects], Awaitable[object]]) -> None:
        def hash_password(password: Secret) -> str:
            return hashed(password.reveal())

        self._registry.ask(lambda store: act(Subjects(store, self._clock, _chance, hash_password)))
        self._clock.advance(NOTICED_WITHIN)
