"""What an access token may carry: scope and audience, at opening and at every later request. RFC 6749 §6, RFC 8707."""

from collections.abc import Mapping
from typing import Final

from evergrant.core.facts import Client, Resource
from evergrant.core.policy import Policy
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidScope, InvalidTarget
from evergrant.protocol.forms import Form
from evergrant.protocol.record import record
from evergrant.protocol.scope import Scope

NOT_BY_DEFAULT: Final = frozenset({"openid", "offline_access"})
"""Scopes that change what a grant is; a request that names no scope did not ask for them."""

TOO_WIDE: Final = "The requested scope is invalid, unknown or exceeds what was granted."
WRONG_TARGET: Final = "The requested resource is unknown or exceeds what was granted."
ONE_TARGET: Final = "An access token has one audience: ask for one resource at a time."


@record
class Asked:
    """What the request names: None, or nothing, means all that is there."""

    scope: Scope | None
    resources: tuple[str, ...]

    @classmethod
    def of(cls, form: Form) -> "Asked":
        """Reads `scope` and `resource`. Raises InvalidScope."""
        text = form.get("scope")
        return cls(Scope.parse(text) if text else None, form.all("resource"))


@record
class Access:
    """One access token's authority. `lifetime` in milliseconds."""

    scope: Scope
    audience: str
    lifetime: int


@record
class Grantable:
    """What a new grant may hold. No resources: the issuer itself is the audience."""

    scope: Scope
    resources: tuple[str, ...]


Resources = Mapping[str, Resource]


def grantable(asked: Asked, client: Client, resources: Resources, issuer: str) -> Grantable:
    """What this client may be granted now. Raises InvalidScope, InvalidTarget."""
    scope = _default_scope(client) if asked.scope is None else asked.scope
    if not scope <= client.scope:
        raise InvalidScope(TOO_WIDE, reason=Reason.TOO_WIDE_SCOPE)
    allowed = _registered(client.audiences, resources)
    if asked.resources:
        chosen = tuple(dict.fromkeys(asked.resources))
        if chosen == (issuer,):
            return Grantable(scope, ())
        if not set(chosen) <= set(allowed):
            raise InvalidTarget(WRONG_TARGET, reason=Reason.WRONG_TARGET)
        return Grantable(scope, chosen)
    named = tuple(r for r in allowed if any(token in resources[r].scopes for token in scope))
    return Grantable(scope, named or allowed[:1])


def narrow(
    asked: Asked, granted: Grantable, client: Client, resources: Resources, issuer: str, policy: Policy
) -> Access:
    """One access token within a grant, less what the client or the realm have lost since (rows 11 to 13).

    A narrowed scope narrows this access token only: the grant stays as it is (RFC 6749 §6). Raises InvalidScope,
    InvalidTarget; nothing is spent by either.
    """
    if asked.scope is not None and not asked.scope <= granted.scope:
        raise InvalidScope(TOO_WIDE, reason=Reason.TOO_WIDE_SCOPE)
    audience = _audience(asked.resources, granted.resources, client, resources, issuer)
    here = resources.get(audience)
    wanted = granted.scope if asked.scope is None else asked.scope
    allowed = client.scope.tokens
    left = [token for token in wanted.tokens if token in allowed and not _is_foreign(token, here, resources)]
    if not left and wanted.tokens:
        raise InvalidScope(TOO_WIDE, reason=Reason.NO_SCOPE_LEFT)
    lifetime = here.access_token_lifetime if here is not None else None
    scope = wanted if len(left) == len(wanted.tokens) else Scope(tuple(left))
    return Access(scope, audience, policy.access_token_lifetime if lifetime is None else lifetime)


def _is_foreign(token: str, here: Resource | None, resources: Resources) -> bool:
    """Whether a scope is another API's only. Those that are no API's (OpenID Connect's) are at home everywhere."""
    if here is not None and token in here.scopes:
        return False
    return any(token in resource.scopes for resource in resources.values())


def _audience(
    asked: tuple[str, ...], granted: tuple[str, ...], client: Client, resources: Resources, issuer: str
) -> str:
    live = [r for r in granted if r in client.audiences and r in resources] if granted else [issuer]
    if len(asked) > 1:
        raise InvalidTarget(ONE_TARGET, reason=Reason.WRONG_TARGET)
    if asked and asked[0] not in live:
        raise InvalidTarget(WRONG_TARGET, reason=Reason.WRONG_TARGET)
    if not live:
        raise InvalidTarget(WRONG_TARGET, reason=Reason.WRONG_TARGET)
    return asked[0] if asked else live[0]


def _default_scope(client: Client) -> Scope:
    return client.scope - NOT_BY_DEFAULT


def _registered(identifiers: tuple[str, ...], resources: Resources) -> tuple[str, ...]:
    return tuple(identifier for identifier in identifiers if identifier in resources)
