"""The two libraries beside the server: what an API calls, and what a client calls."""

from importlib import import_module
from types import ModuleType

from django.conf import settings

from documents.library import library_page

# The adapter of Django reads them when it is asked, Django REST framework when it is imported.
if not settings.configured:
    settings.configure()

_RESOURCE = (
    "evergrant.resource",
    "evergrant.resource.asgi",
    "evergrant.resource.starlette",
    "evergrant.resource.fastapi",
    "evergrant.resource.flask",
    "evergrant.resource.django",
    "evergrant.resource.django.middleware",
    "evergrant.resource.django.rest_framework",
    "evergrant.resource.mcp",
    "evergrant.testing.issuer",
)
_CLIENT = (
    "evergrant.client",
    "evergrant.client.auth.httpx_auth",
    "evergrant.client.auth.requests_auth",
    "evergrant.client.vaults.sql",
    "evergrant.client.vaults.keyring",
    "evergrant.testing.vault_contract",
)


def resource_page() -> tuple[str, str]:
    """The page and its name."""
    return library_page(
        "resource.md",
        "Library for APIs",
        "What an API needs to trust an access token: see [Protect an API](../how-to/protect-an-api.md). It needs"
        " Evergrant without any extra; each adapter needs its framework.",
        _modules(_RESOURCE),
        first=("Resource", "Guard", "require", "any_of", "ANY_TOKEN", "AccessToken", "Profile"),
    )


def client_page() -> tuple[str, str]:
    """The page and its name."""
    return library_page(
        "client.md",
        "Library for clients",
        "What a client needs to sign in and to keep a session: see [Keep a session](../how-to/keep-a-session.md). It"
        " needs the extra `client`, and `httpx`, `requests`, `sql` or `keyring` for what is named so.",
        _modules(_CLIENT),
        first=("Issuer", "Client", "Session", "TokenSet", "SignIn", "SignedIn", "Seal", "FileVault", "MemoryVault"),
        given=("Issuer", "Client", "Session", "AsyncSession"),
    )


def _modules(names: tuple[str, ...]) -> list[ModuleType]:
    return [import_module(name) for name in names]
