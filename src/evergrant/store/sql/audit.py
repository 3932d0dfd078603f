"""The audit trail: rows that are written in the transaction of what they tell of."""

from sqlalchemy import Connection, insert

from evergrant.core.ports.ledger import Events
from evergrant.protocol.values import RealmId
from evergrant.store import schema
from evergrant.store.sql.rows.people import event_values

# Inline: nobody asks for the id, so it need not come back.
_INSERT = insert(schema.events).inline()


def write(connection: Connection, realm: RealmId, events: Events) -> None:
    """Write events in the transaction of the change that they tell of."""
    for event in events:
        connection.execute(_INSERT, event_values(realm, event))
