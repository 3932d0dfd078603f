"""The declaration of an API, and the document that follows from it. RFC 9728."""

import pytest

from evergrant.protocol.errors import InvalidScope
from evergrant.resource import Resource
from tests.unit.resource.notes import ISSUER, NOTES


@pytest.mark.parametrize(
    ("audience", "path", "url"),
    [
        (
            "https://notes.example/api",
            "/.well-known/oauth-protected-resource/api",
            "https://notes.example/.well-known/oauth-protected-resource/api",
        ),
        (
            "https://notes.example",
            "/.well-known/oauth-protected-resource",
            "https://notes.example/.well-known/oauth-protected-resource",
        ),
        (
            "http://localhost:9000/mcp",
            "/.well-known/oauth-protected-resource/mcp",
            "http://localhost:9000/.well-known/oauth-protected-resource/mcp",
        ),
        ("urn:example:notes", None, None),
        ("notes", None, None),
    ],
)
def test_the_document_lies_before_the_apis_own_path(audience: str, path: str | None, url: str | None) -> None:
    """RFC 9728 §3.1"""
    resource = Resource(audience, issuer=ISSUER)

    assert (resource.metadata_path, resource.metadata_url) == (path, url)


def test_the_document_says_whom_the_api_trusts_and_what_its_scopes_are() -> None:
    """RFC 9728 §2; offline_access means nothing to an API."""
    resource = Resource(
        "https://notes.example/api",
        issuer=ISSUER,
        scopes={"notes:read": "Read notes", "offline_access": "Stay signed in"},
        name="Notes",
        documentation="https://notes.example/docs",
    )

    assert resource.metadata() == {
        "resource": "https://notes.example/api",
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["notes:read"],
        "resource_name": "Notes",
        "resource_documentation": "https://notes.example/docs",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": ""},
        {"issuer": ""},
        {"issuer": "http://login.example.com"},
        {"issuer": "https://login.example.com?tenant=1"},
        {"issuer": "https://login.example.com/#x"},
        {"issuer": "https://user@login.example.com"},
        {"issuer": "login.example.com"},
        {"algorithms": ()},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"algorithms": "ES256"},
        {"leeway_s": -1},
        {"leeway_s": 301},
        {"also": "https://old.example"},
        {"also": ("",)},
        {"implies": {"a": "b"}},
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(wrong: dict[str, object]) -> None:
    """S-084: a shared secret or `none` can never be chosen."""
    usual: dict[str, object] = {"audience": NOTES.audience, "issuer": ISSUER}

    with pytest.raises(ValueError, match=r"."):
        Resource(**(usual | wrong))  # type: ignore[arg-type]  # on purpose


def test_a_scope_that_can_be_none_is_refused_at_once() -> None:
    with pytest.raises(InvalidScope):
        Resource(NOTES.audience, issuer=ISSUER, scopes={"read notes": "two words"})
