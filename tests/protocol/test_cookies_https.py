"""Cookies of an https issuer: `__Host-`, `Secure`, and no neighbour can plant one. Q-16."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.protocol.program import Program, verifier
from tests.protocol.served import Served
from tests.protocol.served import served as serving
from tests.protocol.tab import shows

ISSUER = "https://login.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server behind a proxy that ends TLS."""
    with serving(tmp_path_factory.mktemp("https"), issuer=ISSUER) as found:
        yield found


def test_cookies_of_an_https_issuer_are_bound_to_its_host(served: Served) -> None:
    program = Program(served, served.registry.client())
    query = program.authorization_url(verifier()).partition("?")[2]

    with httpx2.Client(base_url=served.url, headers={"Host": "login.example"}) as client:
        page = client.get(f"/authorize?{query}")
        planted = client.get(f"/authorize?{query}", headers={"Cookie": "eg_browser=planted"})

    assert shows(page, "sign-in")
    for answer in (page, planted):
        (cookie,) = answer.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-eg_browser=")
        assert "; Secure" in cookie
        assert "; Path=/" in cookie
        assert "domain" not in cookie.lower()
    assert page.headers["strict-transport-security"].startswith("max-age=")
