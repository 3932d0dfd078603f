"""What the consent page says, in words."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from evergrant.core.facts import Resource
from evergrant.core.policy import DAY, MINUTE
from evergrant.protocol.oidc_scopes import ADDRESS, EMAIL, OFFLINE_ACCESS, OPENID, PHONE, PROFILE
from evergrant.server.outcomes import ConsentPage
from evergrant.server.pages.headers import form_action_origin
from evergrant.server.pages.views import ConsentView, ResourceLine, ScopeLine

_HOUR: Final = 60 * MINUTE
DESCRIPTIONS: Final[Mapping[str, str]] = {
    OPENID: "Know who you are here",
    PROFILE: "See your name, picture and other basic information",
    EMAIL: "See your e-mail address",
    ADDRESS: "See your postal address",
    PHONE: "See your telephone number",
    OFFLINE_ACCESS: "Keep access while you are away",
    "roles": "See your roles",
}


def of(page: ConsentPage, action: str, realm_name: str) -> ConsentView:
    """The view of a consent page of this realm, whose form goes to `action`."""
    asked = [page.resources[identifier] for identifier in page.asks.resources if identifier in page.resources]
    theirs = {token for resource in asked for token in resource.scopes}
    return ConsentView(
        action=action,
        interaction=page.interaction,
        client_name=page.client.name,
        client_id=page.client.id,
        redirect_host=destination(page.redirect_uri),
        username=page.subject.username,
        scopes=[_line(token) for token in page.asks.scope if token not in theirs],
        resources=[_resource(resource, page.asks.scope) for resource in asked],
        offline=OFFLINE_ACCESS in page.asks.scope,
        lasts=lasts(page.policy.refresh_token_lifetime if page.refreshable else page.policy.access_token_lifetime),
        loopback_warning=page.on_this_device,
        form_action_origin=form_action_origin(page.redirect_uri),
        realm_name=realm_name,
    )


def destination(redirect_uri: str) -> str:
    """Where the answer goes, as a person would say it: a host, or the scheme of an app."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def lasts(lifetime: int) -> str:
    """A length of time in words, rounded down to the largest unit of which there are at least two (or one)."""
    for unit, name in ((DAY, "day"), (_HOUR, "hour"), (MINUTE, "minute"), (1000, "second")):
        count = lifetime // unit
        if count >= 2 or (count == 1 and lifetime % unit == 0):
            return f"For {count} {name}{'' if count == 1 else 's'}"
    return "For a moment"


def _resource(resource: Resource, scope: tuple[str, ...]) -> ResourceLine:
    lines = [(token, resource.scopes[token]) for token in scope if token in resource.scopes]
    return (resource.name, resource.identifier, lines)


def _line(token: str) -> ScopeLine:
    return (token, DESCRIPTIONS.get(token, token))
