"""The scopes of OpenID Connect and the claims each asks for. OpenID Connect Core §5.4, §11."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

OPENID: Final = "openid"
PROFILE: Final = "profile"
EMAIL: Final = "email"
ADDRESS: Final = "address"
PHONE: Final = "phone"
OFFLINE_ACCESS: Final = "offline_access"

OIDC_SCOPES: Final = (OPENID, PROFILE, EMAIL, ADDRESS, PHONE, OFFLINE_ACCESS)

_PROFILE_CLAIMS: Final = """
    name family_name given_name middle_name nickname preferred_username profile picture website gender
    birthdate zoneinfo locale updated_at
"""

CLAIMS_OF_SCOPE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        OPENID: ("sub",),
        PROFILE: tuple(_PROFILE_CLAIMS.split()),
        EMAIL: ("email", "email_verified"),
        ADDRESS: ("address",),
        PHONE: ("phone_number", "phone_number_verified"),
        OFFLINE_ACCESS: (),
    }
)

STANDARD_CLAIMS: Final = tuple(claim for claims in CLAIMS_OF_SCOPE.values() for claim in claims)
"""What a person may have, `sub` first. OpenID Connect Core §5.1."""


def claims_asked_by(scope: Iterable[str]) -> frozenset[str]:
    """The standard claims that these scopes ask for; a scope that is not OpenID Connect's asks for none."""
    return _asked_by(tuple(scope))


@lru_cache(maxsize=1024)
def _asked_by(scope: tuple[str, ...]) -> frozenset[str]:
    return frozenset(claim for token in scope for claim in CLAIMS_OF_SCOPE.get(token, ()))
