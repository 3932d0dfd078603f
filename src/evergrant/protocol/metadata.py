"""The discovery documents. OpenID Connect Discovery §3, RFC 8414 §2."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from evergrant.jose.keys import Alg


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Absolute URLs. All are there, because the server has them all."""

    authorization: str
    token: str
    jwks: str
    userinfo: str
    revocation: str
    introspection: str
    end_session: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the server can do, from the registries that do it, so that the document cannot promise more."""

    grant_types: tuple[str, ...]
    response_types: tuple[str, ...]
    response_modes: tuple[str, ...]
    client_auth_methods: tuple[str, ...]
    introspection_auth_methods: tuple[str, ...]
    scopes: tuple[str, ...]
    claims: tuple[str, ...]
    id_token_algs: tuple[Alg, ...]
    prompts: tuple[str, ...]
    challenge_methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WellKnownPaths:
    """Where the documents of an issuer are looked for, the specified place first.

    OpenID Connect appends to the issuer's path, RFC 8414 §3.1 inserts before it, and clients try either for
    both. For an issuer without a path the two are one.
    """

    openid_configuration: tuple[str, ...]
    authorization_server: tuple[str, ...]


def discovery(issuer: str, endpoints: Endpoints, can: Capabilities) -> dict[str, object]:
    """One document for both specifications.

    `issuer` is put in byte for byte, because clients compare it so.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": endpoints.authorization,
        "token_endpoint": endpoints.token,
        "jwks_uri": endpoints.jwks,
        "userinfo_endpoint": endpoints.userinfo,
        "revocation_endpoint": endpoints.revocation,
        "introspection_endpoint": endpoints.introspection,
        "end_session_endpoint": endpoints.end_session,
        "scopes_supported": list(can.scopes),
        "response_types_supported": list(can.response_types),
        "response_modes_supported": list(can.response_modes),
        "grant_types_supported": list(can.grant_types),
        "token_endpoint_auth_methods_supported": list(can.client_auth_methods),
        "revocation_endpoint_auth_methods_supported": list(can.client_auth_methods),
        "introspection_endpoint_auth_methods_supported": list(can.introspection_auth_methods),
        "code_challenge_methods_supported": list(can.challenge_methods),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(can.id_token_algs),
        "claim_types_supported": ["normal"],
        "claims_supported": list(can.claims),
        "prompt_values_supported": list(can.prompts),
        "authorization_response_iss_parameter_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        # Must be said: OpenID Connect Discovery §3 reads its absence as true.
        "request_uri_parameter_supported": False,
    }


def well_known_paths(issuer: str) -> WellKnownPaths:
    """The paths on the issuer's host.

    Raises `ValueError` if the issuer has a query or a fragment (RFC 8414 §2).
    """
    parts = urlsplit(issuer)
    if "?" in issuer or "#" in issuer or not parts.netloc:
        raise ValueError("an issuer is a URL without query and fragment")
    base = parts.path.rstrip("/")
    openid, oauth = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
    if not base:
        return WellKnownPaths((openid,), (oauth,))
    return WellKnownPaths((base + openid, openid + base), (oauth + base, base + oauth))
