"""One declaration of an API: who it is, whom it trusts, what its scopes are. Everything else follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from evergrant.jose.keys import VERIFY_ALGS, VerifyAlg
from evergrant.protocol.safe_urls import is_safe_url
from evergrant.protocol.scope import Scope

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"

ALGORITHMS: Final[frozenset[VerifyAlg]] = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA", "Ed25519"})
"""What is accepted unless something else is said; never a shared secret, never `none` (RFC 8725 §3.1, §3.2)."""

MOST_LEEWAY_S: Final = 300


class Profile(Enum):
    """How its issuer makes access tokens."""

    RFC9068 = "rfc9068"
    """Type `at+jwt` and all claims of RFC 9068 §2.2: nothing else can be taken for an access token."""

    FOREIGN = "foreign"
    """An issuer that follows no RFC here (Keycloak, Auth0, Entra ID, Okta by default): type `JWT` or none will do,
    `scp` is read where `scope` is missing, `azp` or `cid` where `client_id` is. What looks like an ID token is refused.
    """


@dataclass(frozen=True)
class Resource:
    """An API, declared once.

    `audience` is its identifier, which its tokens must name (RFC 8707); `also` are further ones, for a move from one to
    another. `issuer` is trusted, byte by byte. `scopes` says each scope in words, `implies` which others it includes
    (`{"notes:write": ["notes:read"]}`). `leeway_s` is how far clocks may differ, 0 to 300 seconds. `roles_claim` may be
    a path (`realm_access.roles`). Raises ValueError for what cannot be meant.
    """

    audience: str
    issuer: str
    scopes: Mapping[str, str] = field(default_factory=dict)
    implies: Mapping[str, Collection[str]] = field(default_factory=dict)
    also: Collection[str] = ()
    profile: Profile = Profile.RFC9068
    algorithms: Collection[VerifyAlg] = ALGORITHMS
    leeway_s: int = 30
    roles_claim: str = "roles"
    name: str | None = None
    documentation: str | None = None

    def __post_init__(self) -> None:
        if not self.audience or isinstance(self.also, str) or not all(self.also):
            raise ValueError("audience is the API's identifier; also lists further ones")
        if not is_safe_url(self.issuer) or urlsplit(self.issuer).query or "#" in self.issuer:
            raise ValueError("issuer is an https URL (http on loopback only) without query and fragment")
        if isinstance(self.algorithms, str) or not self.algorithms or not VERIFY_ALGS.issuperset(self.algorithms):
            raise ValueError(f"algorithms are some of {', '.join(sorted(VERIFY_ALGS))}")
        if not 0 <= self.leeway_s <= MOST_LEEWAY_S:
            raise ValueError(f"leeway_s is 0 to {MOST_LEEWAY_S} seconds")
        if any(isinstance(lesser, str) for lesser in self.implies.values()):
            raise ValueError("implies names a list of scopes for each scope")
        # Raises InvalidScope for what can be no scope.
        Scope.of(*self.scopes, *self.implies, *(scope for lesser in self.implies.values() for scope in lesser))

    @cached_property
    def audiences(self) -> frozenset[str]:
        """All its identifiers."""
        return frozenset({self.audience, *self.also})

    @cached_property
    def _includes(self) -> Mapping[str, frozenset[str]]:
        """Each scope with everything it implies, however indirectly."""
        closed: dict[str, frozenset[str]] = {}
        for scope in self.implies:
            found, ahead = {scope}, [scope]
            while ahead:
                lesser = set(self.implies.get(ahead.pop(), ())) - found
                found |= lesser
                ahead += lesser
            closed[scope] = frozenset(found)
        return closed

    def expand(self, granted: Iterable[str]) -> frozenset[str]:
        """The granted scopes and all that they imply."""
        scopes = frozenset(granted)
        includes = self._includes
        if includes.keys().isdisjoint(scopes):
            return scopes
        return scopes.union(*(includes.get(scope, ()) for scope in scopes))

    @cached_property
    def metadata_path(self) -> str | None:
        """Where its document is on its host, the well-known part before its own path (RFC 9728 §3.1).

        None if the identifier is no URL: such an API has no document.
        """
        if not is_safe_url(self.audience) or "#" in self.audience:
            return None
        parts = urlsplit(self.audience)
        return WELL_KNOWN + parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")

    @cached_property
    def metadata_url(self) -> str | None:
        """The address of its document, for challenges. RFC 9728 §5.1."""
        if self.metadata_path is None:
            return None
        parts = urlsplit(self.audience)
        return f"{parts.scheme}://{parts.netloc}{self.metadata_path}"

    def metadata(self) -> dict[str, object]:
        """The document. RFC 9728 §2.

        `offline_access` is not listed: it is asked of the issuer, and means nothing to an API.
        """
        document: dict[str, object] = {
            "resource": self.audience,
            "authorization_servers": [self.issuer],
            # RFC 9728 §2: the header alone; a token in a query ends in logs (RFC 9700 §4.3.2).
            "bearer_methods_supported": ["header"],
        }
        scopes = [scope for scope in self.scopes if scope != "offline_access"]
        optional = {
            "scopes_supported": scopes or None,
            "resource_name": self.name,
            "resource_documentation": self.documentation,
        }
        return document | {name: value for name, value in optional.items() if value is not None}
