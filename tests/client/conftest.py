"""Clients whose way to the token endpoint is watched."""

from collections.abc import Iterator

import pytest

from tests.client.signing_in import Away, away
from tests.support.middleman import middleman
from tests.support.server import Server


@pytest.fixture
def web(server: Server) -> Iterator[Away]:
    """The public demo application."""
    with middleman(f"{server.base_url}/token") as between:
        yield away(server, between, "demo-web")


@pytest.fixture
def service(server: Server) -> Iterator[Away]:
    """The confidential demo service."""
    with middleman(f"{server.base_url}/token") as between:
        yield away(server, between, "demo-service")
