"""What an operator may do in one realm: the command line's and the first start's way to the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import Realm
from evergrant.core.ports.reader import Reader, RealmReader
from evergrant.server.call import Call
from evergrant.server.engine.keys import Keys
from evergrant.server.engine.operators.clients import Clients
from evergrant.server.engine.operators.grants import Grants
from evergrant.server.engine.operators.realms import Realms
from evergrant.server.engine.operators.resources import Resources
from evergrant.server.engine.operators.subjects import Subjects


@dataclass(frozen=True, slots=True)
class Office:
    """`call` ties everything done in it to one correlation id. `close` ends it, with the store it was opened on."""

    realm: Realm
    issuer: str
    call: Call
    realms: Realms
    clients: Clients
    subjects: Subjects
    resources: Resources
    grants: Grants
    keys: Keys
    masters: MasterKeys
    reader: Reader
    store: RealmReader
    issuer_of: Callable[[str], str]
    keys_of: Callable[[Realm], Keys]
    close: Callable[[], Awaitable[None]]
