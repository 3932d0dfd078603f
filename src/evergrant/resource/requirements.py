"""What a request needs beyond a good token: a value that is said once, put together with `&`, and judged purely."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypedDict

from evergrant.protocol.errors import AccessDenied, InsufficientScope, InsufficientUserAuthentication, InvalidToken
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import Millis
from evergrant.resource.access_token import AccessToken
from evergrant.resource.refusals import Refused

Predicate = Callable[[Mapping[str, object]], bool]
"""Looks at all claims of a token and says whether they will do. What it raises is a bug of the API."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """All of it must hold. Made by `require` and `any_of`; `a & b` needs what `a` needs and what `b` needs."""

    scopes: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    roles: tuple[str, ...] = ()
    clients: tuple[frozenset[str], ...] = ()
    audiences: tuple[str, ...] = ()
    acr_values: tuple[tuple[str, ...], ...] = ()
    max_age_s: int | None = None
    predicates: tuple[Predicate, ...] = ()

    def __and__(self, other: Requirement) -> Requirement:
        ages = [age for age in (self.max_age_s, other.max_age_s) if age is not None]
        return Requirement(
            scopes=(*self.scopes, *(scope for scope in other.scopes if scope not in self.scopes)),
            any_of=self.any_of + other.any_of,
            roles=self.roles + other.roles,
            clients=self.clients + other.clients,
            audiences=self.audiences + other.audiences,
            acr_values=self.acr_values + other.acr_values,
            max_age_s=min(ages) if ages else None,
            predicates=self.predicates + other.predicates,
        )

    def scope_needed(self, held: Collection[str] = ()) -> str:
        """All scopes that a client should have, space separated, for the challenge. RFC 6750 §3.

        Of alternatives, the first is named, unless one of them is `held`.
        """
        first = (next((scope for scope in group if scope in held), group[0]) for group in self.any_of)
        return str(Scope.of(*self.scopes, *first))


ANY_TOKEN: Final = Requirement()
"""A good token for this API will do."""


class Conditions(TypedDict, total=False):
    """What `require` takes by name, for adapters that hand it on."""

    roles: Collection[str]
    clients: Collection[str]
    audience: str | None
    acr: Collection[str]
    max_age_s: int | None
    claims: Predicate | None


def require(
    *scopes: str,
    roles: Collection[str] = (),
    clients: Collection[str] = (),
    audience: str | None = None,
    acr: Collection[str] = (),
    max_age_s: int | None = None,
    claims: Predicate | None = None,
) -> Requirement:
    """All of `scopes` and all of `roles`; one of `clients`; the token names `audience`; the person signed in by one of
    `acr`, at most `max_age_s` seconds ago (RFC 9470); and `claims`, given all claims, says yes.

    Raises ValueError or InvalidScope for what cannot be meant.
    """
    for name, listed in (("roles", roles), ("clients", clients), ("acr", acr)):
        if isinstance(listed, str) or not all(listed):
            raise ValueError(f"{name} is a list of texts")
    if max_age_s is not None and max_age_s < 0:
        raise ValueError("max_age_s is a number of seconds")
    return Requirement(
        scopes=Scope.of(*scopes).tokens,
        roles=tuple(roles),
        clients=(frozenset(clients),) if clients else (),
        audiences=() if audience is None else (audience,),
        acr_values=(tuple(acr),) if acr else (),
        max_age_s=max_age_s,
        predicates=() if claims is None else (claims,),
    )


def any_of(*scopes: str) -> Requirement:
    """One of `scopes` is enough; name the least of them first, it is what clients are told to ask for."""
    if not scopes:
        raise ValueError("any_of needs scopes to choose from")
    return Requirement(any_of=(Scope.of(*scopes).tokens,))


def judge(token: AccessToken, needs: Requirement, now: Millis) -> None:
    """Raises Refused with the error of the first thing that does not hold.

    First what another token could mend (scope, RFC 6750 §3.1; sign-in, RFC 9470 §3), last what none could.
    """
    if needs.audiences and not set(needs.audiences).issubset(token.audience):
        raise Refused(InvalidToken("The access token is for another part of this API."))
    held = token.scopes
    if not held.issuperset(needs.scopes) or (needs.any_of and any(held.isdisjoint(group) for group in needs.any_of)):
        scope = needs.scope_needed(held)
        raise Refused(InsufficientScope("The access token does not reach far enough.", scope=scope))
    if needs.acr_values or needs.max_age_s is not None:
        _judge_sign_in(token, needs, now)
    if needs.roles and not token.roles.issuperset(needs.roles):
        raise Refused(AccessDenied("The subject lacks a role that is needed here."))
    if needs.clients and not all(token.client_id in clients for clients in needs.clients):
        raise Refused(AccessDenied("This is not for this client."))
    if needs.predicates and not all(predicate(token.claims) for predicate in needs.predicates):
        raise Refused(AccessDenied("What the token says is not enough here."))


def _judge_sign_in(token: AccessToken, needs: Requirement, now: Millis) -> None:
    missing = [values for values in needs.acr_values if token.acr not in values]
    age = needs.max_age_s
    # A token that does not say when is as good as one of very long ago.
    too_long_ago = age is not None and (token.auth_time is None or now - token.auth_time > age * 1000)
    if missing or too_long_ago:
        raise Refused(
            InsufficientUserAuthentication(
                "Another sign-in is needed." if missing else "The last sign-in is too long ago.",
                # One list can be named; whoever meets it will meet the next one, if there are several.
                acr_values=missing[0] if missing else (needs.acr_values[0] if needs.acr_values else ()),
                max_age_s=age,
            )
        )
