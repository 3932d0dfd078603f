"""The error codes, from the classes that own them."""

import importlib
from collections.abc import Iterator

from documents.words import code, doc, page, table
from evergrant.protocol.errors import OAuthError


def errors_page() -> tuple[str, str]:
    """The page and its name."""
    # Some errors belong to one endpoint: they are known once all endpoints are.
    importlib.import_module("evergrant.server.http.entry")
    importlib.import_module("evergrant.server.http.routes")
    classes = sorted(set(_below(OAuthError)), key=lambda error: (error.code, error.status, error.__name__))
    return "errors.md", page(
        "Errors",
        "An error is JSON with `error`, `error_description` (RFC 6749 §5.2) and `correlation_id`, which is also the"
        " header `X-Correlation-Id`; an endpoint that shows pages shows it as a page. The description is for developers"
        " and says nothing that an attacker could use; the reason is found by `evergrant explain CORRELATION_ID`. An"
        " error at `/authorize` goes to the redirect URI only when client and URI are proven.",
        table(("error", "status", "when"), ((code(e.code), str(e.status), doc(e)) for e in classes)),
        "Trouble on our side is `temporarily_unavailable` with `Retry-After`, never `invalid_grant`: clients throw"
        " their token away on that one.",
    )


def _below(error: type[OAuthError]) -> Iterator[type[OAuthError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)
