"""Grades every client against the profile it claims (RFC 9700, OAuth 2.1, FAPI 2.0)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from evergrant.app.demo import LEGACY, SERVICE, WEB
from evergrant.app.doctor.findings import Finding, broken, ok, weak
from evergrant.app.durations import show_duration
from evergrant.core.facts import Client, Realm
from evergrant.core.policy import DAY, MINUTE, Policy, Profile, Renew, effective

_LONG_ACCESS: Final = 60 * MINUTE
_LONG_REFRESH: Final = 366 * DAY


def check_clients(realm: Realm, clients: tuple[Client, ...], *, development: bool) -> Iterator[Finding]:
    """One finding for each weakness, and one for each client that has none. Disabled clients harm nobody."""
    for client in clients:
        if client.disabled:
            continue
        policy = effective(client.profile, realm.policy, client.policy)
        weaknesses = [*_of_profile(client), *_of_policy(client, policy), *_of_place(client, development=development)]
        yield from weaknesses or [ok(_name(client), f"follows {client.profile.value}")]


def _name(client: Client) -> str:
    return f"client {client.id}"


def _of_profile(client: Client) -> Iterator[Finding]:
    name = _name(client)
    if client.profile is Profile.LEGACY:
        shown = "sees people's passwords" if "password" in client.grant_types else "claims the legacy profile"
        fix = f"Move it to authorization_code, then `evergrant client update {client.id} --profile oauth21`."
        yield weak(name, f"{shown} (RFC 9700 §2.4)", fix)
    if not client.require_pkce:
        fix = "Let it send a PKCE challenge and require it."
        yield weak(name, "may leave PKCE out: a code that is injected into it is not noticed (RFC 9700 §2.1.1)", fix)
    if client.profile is Profile.FAPI2:
        yield broken(
            name,
            "claims fapi2, which asks for pushed requests and sender-constrained tokens; this version has neither",
            f"`evergrant client update {client.id} --profile oauth21` until it has.",
        )


def _of_policy(client: Client, policy: Policy) -> Iterator[Finding]:
    name = _name(client)
    update = f"`evergrant client update {client.id}"
    if policy.access_token_lifetime > _LONG_ACCESS:
        long = show_duration(policy.access_token_lifetime)
        yield weak(
            name,
            f"its access tokens live for {long}; APIs notice an end only then",
            f"{update} --access-token-lifetime 15m`.",
        )
    if "refresh_token" not in client.grant_types:
        return
    if policy.refresh_token_lifetime > _LONG_REFRESH:
        long = show_duration(policy.refresh_token_lifetime)
        yield weak(name, f"its grants live for {long}", f"{update} --refresh-token-lifetime 90d`.")
    if policy.retry_window == 0:
        yield weak(
            name, "has no retry window: every answer that is lost ends a grant", f"{update} --retry-window 60s`."
        )
    if client.public and policy.renew is Renew.NEVER:
        fix = f"{update} --renew always`."
        yield broken(
            name, "is public and keeps its refresh token: a stolen one is never noticed (RFC 9700 §4.14.2)", fix
        )


def _of_place(client: Client, *, development: bool) -> Iterator[Finding]:
    if development:
        return
    name = _name(client)
    if client.id in (WEB, SERVICE, LEGACY):
        yield broken(name, "is a demo object, in production", f"`evergrant client delete {client.id}`.")
    hosts = {urlsplit(uri).hostname for uri in client.redirect_uris if uri.startswith("http://")}
    if not client.public and hosts:
        fix = "Register its https address only; loopback is for development and for programs on people's machines."
        yield weak(name, "is confidential and may be sent codes without https", fix)
