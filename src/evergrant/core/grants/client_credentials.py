"""`client_credentials`: a client acts for itself. No grant, no refresh token (RFC 6749 §4.4.3), no store access."""

from typing import Final

from evergrant.core.access import Asked, grantable, narrow
from evergrant.core.attempt import Ask, Judged, Setting, Stages
from evergrant.core.decisions import Issue, Refuse
from evergrant.core.facts import EventKind
from evergrant.core.issuance import for_client
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidScope, InvalidTarget, UnauthorizedClient
from evergrant.protocol.oidc_scopes import OIDC_SCOPES

_ABOUT_A_PERSON: Final = frozenset(OIDC_SCOPES)


async def gather(_request: Asked, _ask: Ask) -> None:
    """Nothing: client, policy and resources are at hand."""


def decide(asked: Asked, _facts: None, setting: Setting) -> Judged:
    """A public client cannot prove itself; scopes about a person mean nothing without one."""
    client = setting.client
    if client.public:
        error = UnauthorizedClient("A public client cannot use client credentials.", reason=Reason.GRANT_NOT_ALLOWED)
        return Judged(Refuse(error, Reason.GRANT_NOT_ALLOWED, EventKind.CLIENT_REFUSED))
    try:
        scope = client.scope - _ABOUT_A_PERSON if asked.scope is None else asked.scope
        if not _ABOUT_A_PERSON.isdisjoint(scope.tokens):
            raise InvalidScope("Scopes about a person need a person.", reason=Reason.TOO_WIDE_SCOPE)
        granted = grantable(Asked(scope, asked.resources), client, setting.resources, setting.issuer)
        target = Asked(None, asked.resources)
        access = narrow(target, granted, client, setting.resources, setting.issuer, setting.policy)
    except (InvalidScope, InvalidTarget) as error:
        return Judged(Refuse(error, Reason(error.reason or Reason.TOO_WIDE_SCOPE)))
    return Judged(Issue(for_client(client, access)))


CLIENT_CREDENTIALS = Stages("client_credentials", Asked.of, gather, decide)
