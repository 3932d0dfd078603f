"""The public suite on memory, SQLite (also an old one) and PostgreSQL."""

import pytest

from evergrant.testing.store_contract import (
    ConfigurationContract,
    DurabilityContract,
    GrantContract,
    IsolationContract,
    OpeningContract,
    PeopleContract,
    RaceContract,
    ReaperContract,
    RevokingContract,
    SignInContract,
)

on_every_store = pytest.mark.parametrize("make_store", ["memory", "sqlite", "old sqlite", "postgresql"], indirect=True)
on_databases = pytest.mark.parametrize("make_store", ["sqlite", "postgresql"], indirect=True)


@on_every_store
class TestOpening(OpeningContract):
    pass


@on_every_store
class TestGrants(GrantContract):
    pass


@on_every_store
class TestRevoking(RevokingContract):
    pass


@on_every_store
class TestSignIn(SignInContract):
    pass


@on_every_store
class TestPeople(PeopleContract):
    pass


@on_every_store
class TestConfiguration(ConfigurationContract):
    pass


@on_every_store
class TestIsolation(IsolationContract):
    pass


@on_every_store
class TestReaper(ReaperContract):
    pass


@on_every_store
class TestRaces(RaceContract):
    pass


@on_databases
class TestDurability(DurabilityContract):
    pass
