"""What every store must do, as tests to run against yours (pytest and anyio).

Inherit the classes in a test module, and give a fixture `make_store`: a coroutine function that opens a store on one
database, empty at the start of each test and at head, again each time it is called, and closes them all at the end.

```python
from evergrant.testing.store_contract import GrantContract


class TestGrants(GrantContract):
    pass
```

`DurabilityContract` closes a store and opens it again, which a store in memory does not outlive.
"""

from evergrant.testing.store_contract.configuration import ConfigurationContract
from evergrant.testing.store_contract.durability import DurabilityContract
from evergrant.testing.store_contract.grants import GrantContract
from evergrant.testing.store_contract.isolation import IsolationContract
from evergrant.testing.store_contract.opening import OpeningContract
from evergrant.testing.store_contract.people import PeopleContract
from evergrant.testing.store_contract.races import RaceContract
from evergrant.testing.store_contract.reaper import ReaperContract
from evergrant.testing.store_contract.revoking import RevokingContract
from evergrant.testing.store_contract.signing_in import SignInContract
from evergrant.testing.store_contract.tenant import MakeStore

__all__ = [
    "ConfigurationContract",
    "DurabilityContract",
    "GrantContract",
    "IsolationContract",
    "MakeStore",
    "OpeningContract",
    "PeopleContract",
    "RaceContract",
    "ReaperContract",
    "RevokingContract",
    "SignInContract",
]
