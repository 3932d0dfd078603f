"""One server a file; people and clients for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.site import open_site
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served

# Milliseconds. A shared machine is slow at times: a slow page is not a wrong one.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all journeys of a file."""
    with open_site(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def user(site: Served) -> User:
    """Somebody who has never been here."""
    return site.registry.user(roles=("reader",), claims={"name": "Ada", "email": "ada@example.com"})


@pytest.fixture
def web(site: Served) -> Program:
    """A confidential client: consent to it is remembered, also on loopback."""
    return Program(site, site.registry.client())


@pytest.fixture
def app(site: Served) -> Program:
    """A public client on this device: any program could pose as it."""
    return Program(site, site.registry.client(public=True))
