"""Where tokens may travel to."""

import pytest

from evergrant.client.addresses import Destinations, check_url
from evergrant.client.errors import ProtocolError, WrongDestination

SAFE = ["https://a.example/x", "https://a.example:8443", "http://localhost:1/x", "http://127.0.0.1/", "http://[::1]:9/"]
UNSAFE = [
    "http://a.example/x",
    "http://localhost.a.example/",
    "http://127.0.0.1.a.example/",
    "ftp://a.example/",
    "//a.example/",
    "/x",
    "",
    "https://",
    "https://[::1",
    "https://a.example:99999/",
]


@pytest.mark.parametrize("url", SAFE)
def test_https_and_loopback_are_safe(url: str) -> None:
    check_url(url)
    Destinations(None).check(url)


@pytest.mark.parametrize("url", UNSAFE)
def test_everything_else_is_not(url: str) -> None:
    with pytest.raises(ProtocolError):
        check_url(url)
    with pytest.raises(WrongDestination):
        Destinations(None).check(url)


def test_an_issuers_address_holds_no_user_name() -> None:
    with pytest.raises(ProtocolError):
        check_url("https://login.example.com@evil.example/")


@pytest.mark.parametrize(
    "url", ["https://api.example.com/x", "https://API.example.com:443/y?z", "http://localhost:8080"]
)
def test_a_named_origin_sees_the_token(url: str) -> None:
    Destinations(["https://api.example.com", "http://localhost:8080/"]).check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com:8443/x",
        "https://api.example.com.evil.example/",
        "https://evil.example/?https://api.example.com",
        "https://api.example.com@evil.example/",
        "http://localhost:8081/",
    ],
)
def test_another_origin_does_not(url: str) -> None:
    with pytest.raises(WrongDestination):
        Destinations(["https://api.example.com", "http://localhost:8080"]).check(url)


@pytest.mark.parametrize("origin", ["api.example.com", "https://api.example.com/v1", "http://api.example.com", "*"])
def test_what_is_no_safe_origin_cannot_be_named(origin: str) -> None:
    with pytest.raises(ValueError, match="no origin"):
        Destinations([origin])
