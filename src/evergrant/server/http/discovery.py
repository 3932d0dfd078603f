"""The well-known documents, from the code's own registries. OpenID Connect Discovery, RFC 8414."""

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.client_auth import METHODS
from evergrant.core.grants import GRANT_TYPES
from evergrant.protocol.metadata import Capabilities, Endpoints, discovery
from evergrant.protocol.oidc_scopes import CLAIMS_OF_SCOPE, OIDC_SCOPES
from evergrant.protocol.prompts import Prompt
from evergrant.server.http.answering import json_answer
from evergrant.server.http.jwks import CACHED
from evergrant.server.http.reading import issuer

_OWN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash", "roles")


async def endpoint(request: Request) -> Response:
    """One document serves both names: clients try either for both kinds of server."""
    here = issuer(request)
    resources = await here.catalog.last_resources()
    scopes = [*OIDC_SCOPES, *(scope for resource in resources.values() for scope in resource.scopes)]
    claims = [claim for scope in OIDC_SCOPES for claim in CLAIMS_OF_SCOPE[scope]]
    can = Capabilities(
        grant_types=GRANT_TYPES,
        response_types=("code",),
        response_modes=("query",),
        client_auth_methods=METHODS,
        introspection_auth_methods=tuple(method for method in METHODS if method != "none"),
        scopes=tuple(dict.fromkeys(scopes)),
        claims=tuple(dict.fromkeys([*claims, *_OWN_CLAIMS])),
        id_token_algs=("RS256", "ES256"),
        prompts=tuple(Prompt),
        challenge_methods=("S256",),
    )
    return json_answer(discovery(here.url, endpoints(here.url), can), headers=CACHED)


def endpoints(url: str) -> Endpoints:
    """Absolute URLs, built from the configured issuer, never from what a request says (S-016, R-035)."""
    base = url.rstrip("/")
    return Endpoints(
        authorization=f"{base}/authorize",
        token=f"{base}/token",
        jwks=f"{base}/jwks",
        userinfo=f"{base}/userinfo",
        revocation=f"{base}/revoke",
        introspection=f"{base}/introspect",
        end_session=f"{base}/logout",
    )
