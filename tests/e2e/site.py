"""A server for browser journeys: the whole application over real HTTP, with a clock that a test may move."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from evergrant.core.facts import Resource
from evergrant.core.ports.store import Store
from tests.protocol.operator_desk import Desk
from tests.protocol.registry import NOTICED_WITHIN, Registry
from tests.protocol.served import Served, served

T = TypeVar("T")


class RegistryAside(Registry):
    """In a thread of its own: the browser keeps an event loop running in the test's."""

    def with_store(self, action: Callable[[Store], Awaitable[T]]) -> T:
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(super().with_store, action).result()


@contextmanager
def open_site(folder: Path) -> Iterator[Served]:
    """Served until the block ends."""
    with served(folder) as found:
        registry = RegistryAside(found.settings, found.clock)
        yield replace(found, registry=registry, desk=Desk(found.settings, found.clock, registry))


def add_api(site: Served, identifier: str, name: str, scopes: Mapping[str, str]) -> None:
    """Register an API (RFC 8707) with the words that people see."""
    resource = Resource(identifier, name, scopes, None, None, site.clock())
    site.registry.write(lambda store: store.add_resource(resource, events=()))
    site.clock.advance(NOTICED_WITHIN)
