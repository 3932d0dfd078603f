"""What the hot verbs cost: statements, rows and index entries."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from evergrant.core.ports.store import Store
from evergrant.store import schema
from evergrant.store.sql.store import SqlStore
from evergrant.testing.store_contract.facts import (
    SECOND,
    a_realm,
    a_renewal,
    after,
    an_active,
    an_event,
    grant_id,
)
from evergrant.testing.store_contract.tenant import MakeStore, Tenant, settle
from tests.support.statements import statements as said

pytestmark = pytest.mark.parametrize("make_store", ["sqlite", "postgresql"], indirect=True)
ONE = grant_id(1)


@pytest.fixture
async def tenant(make_store: MakeStore) -> Tenant:
    tenant = await settle(await make_store(), a_realm())
    await tenant.opened(an_active(ONE))
    await tenant.grant(ONE)  # connections are open, what a driver asks first is asked
    return tenant


def sql_store(store: Store) -> SqlStore:
    assert isinstance(store, SqlStore)
    return store


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The first word of what goes to the database meanwhile, but for the bounds of transactions."""
    heard: list[str] = []
    with said(sql_store(store)) as whole:
        yield heard
    heard.extend(
        word for word in (statement.split()[0] for statement in whole) if word not in ("BEGIN", "COMMIT", "--")
    )


async def test_a_refresh_is_one_select_and_one_update(tenant: Tenant) -> None:
    with statements(tenant.store) as heard:
        grant = await tenant.grant(ONE)
        await tenant.here.renew(a_renewal(grant, after(SECOND)), events=())
    assert heard == ["SELECT", "UPDATE"]


async def test_a_verb_that_touches_one_row_is_one_statement(tenant: Tenant) -> None:
    verbs: list[Callable[[], Awaitable[object]]] = [
        lambda: tenant.here.touch(ONE, after(SECOND)),
        lambda: tenant.here.claim_once("jti", b"one", after(1), events=()),
        lambda: tenant.here.use_session(b"x", after(1)),
        lambda: tenant.here.record([an_event()]),
    ]
    for verb in verbs:
        with statements(tenant.store) as heard:
            await verb()
        assert len(heard) == 1


async def test_a_question_is_one_statement(tenant: Tenant) -> None:
    questions: list[Callable[[], Awaitable[object]]] = [
        lambda: tenant.here.session(b"x"),
        lambda: tenant.here.login("ada"),
        lambda: tenant.here.client(tenant.client.id),
        tenant.here.realm,
        tenant.here.clients,
        lambda: tenant.here.is_claimed("jti", b"one"),
    ]
    for question in questions:
        with statements(tenant.store) as heard:
            await question()
        assert heard == ["SELECT"]


async def test_the_number_of_rows_does_not_depend_on_the_number_of_refreshes(tenant: Tenant) -> None:
    """Invariant 6."""
    before = rows(tenant.store)
    for number in range(1, 31):
        renewal = a_renewal(await tenant.grant(ONE), after(number * SECOND))
        await tenant.here.renew(renewal, events=())
    assert (await tenant.grant(ONE)).generation == 31
    assert rows(tenant.store) == before


def rows(store: Store) -> dict[str, int]:
    counted = {}
    with sql_store(store).engines()[1].connect() as connection:
        for table in schema.metadata.tables:
            counted[table] = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    return counted
