"""A fail-over that lost renewals: a grant's row is again what it was."""

from sqlalchemy import update

from evergrant.core.facts import Grant
from evergrant.core.ports.store import Store
from evergrant.protocol.values import RealmId
from evergrant.store.memory import MemoryStore
from evergrant.store.schema import grants
from evergrant.store.sql.rows.grants import grant_values
from evergrant.store.sql.store import SqlStore


def roll_back(store: Store, realm: RealmId, grant: Grant) -> None:
    """Write the row as it was, past every condition."""
    match store:
        case MemoryStore():
            store.realm_store(realm)._here.grants[grant.id] = grant
        case SqlStore():
            with store.engines()[0].begin() as connection:
                connection.execute(update(grants).where(grants.c.id == grant.id), grant_values(realm, grant))
        case _:
            raise TypeError("this store cannot be rolled back")
