"""Which addresses are believed."""

import pytest

from evergrant.protocol.bearer import basic, basic_credentials
from evergrant.protocol.safe_urls import is_safe_url
from evergrant.protocol.secret import Secret


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example:8443/x", "http://localhost:1", "http://[::1]/"]
)
def test_https_and_this_machine_are_safe(url: str) -> None:
    assert is_safe_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example",
        "http://localhost.evil.example",
        "https://",
        "https://me@a.example",
        "ftp://localhost",
        "//a",
        "http://[::1",
    ],
)
def test_everything_else_is_not(url: str) -> None:
    assert not is_safe_url(url)


@pytest.mark.parametrize("secret", ["plain", "with:colon", "with space+plus%", 'quotes"\\'])
def test_credentials_are_read_as_they_were_written(secret: str) -> None:
    """RFC 6749 §2.3.1"""
    shown = basic(basic_credentials("a client: one", Secret(secret)))

    assert shown is not None
    assert (shown.client_id, shown.secret.reveal()) == ("a client: one", secret)
