"""Records as `--json` shows them: documented, stable, without any secret. Times are milliseconds UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evergrant.app.durations import show_duration
from evergrant.app.policies import show_policy
from evergrant.core.facts import Client, Event, Grant, JsonValue, Realm, Resource, Subject
from evergrant.core.policy import Overrides
from evergrant.protocol.values import grant_id_text

if TYPE_CHECKING:
    from evergrant.server.engine.keys import KeyListing


def client(it: Client) -> dict[str, JsonValue]:
    """A client, as `client show --json`."""
    return {
        "client_id": it.id,
        "name": it.name,
        "public": it.public,
        "auth_method": it.auth_method,
        "strict_auth": it.strict_auth,
        "grant_types": [*sorted(it.grant_types)],
        "redirect_uris": list(it.redirect_uris),
        "post_logout_redirect_uris": list(it.post_logout_redirect_uris),
        "allowed_origins": list(it.allowed_origins),
        "scope": str(it.scope),
        "audiences": list(it.audiences),
        "roles": list(it.roles),
        "profile": it.profile.value,
        "policy": policy(it.policy),
        "require_pkce": it.require_pkce,
        "first_party": it.first_party,
        "id_token_alg": it.id_token_alg,
        "disabled": it.disabled,
        "created_at": it.created_at,
    }


def user(it: Subject) -> dict[str, JsonValue]:
    """A user, as `user list --json`."""
    return {
        "subject": it.id,
        "username": it.username,
        "roles": list(it.roles),
        "claims": dict(it.claims),
        "disabled": it.disabled,
        "created_at": it.created_at,
    }


def resource(it: Resource) -> dict[str, JsonValue]:
    """A protected API, as `resource show --json`."""
    return {
        "identifier": it.identifier,
        "name": it.name,
        "scopes": dict(it.scopes),
        "access_token_lifetime": None if it.access_token_lifetime is None else show_duration(it.access_token_lifetime),
        "introspection_client": it.introspection_client,
        "created_at": it.created_at,
    }


def realm(it: Realm, issuer: str) -> dict[str, JsonValue]:
    """A realm, as `realm list --json`."""
    return {"name": it.name, "issuer": issuer, "policy": policy(it.policy), "created_at": it.created_at}


def grant(it: Grant) -> dict[str, JsonValue]:
    """A grant, as `grant show --json`."""
    ended = it.revocation
    return {
        "grant": grant_id_text(it.id),
        "client_id": it.client_id,
        "subject": it.subject,
        "state": it.state.value,
        "generation": it.generation,
        "scope": str(it.scope),
        "resources": list(it.resources),
        "offline": it.offline,
        "created_at": it.created_at,
        "granted_at": it.granted_at,
        "renewed_at": it.renewed_at,
        "used_at": it.used_at,
        "expires_at": it.expires_at,
        "auth_time": it.auth_time,
        "user_agent": it.seen.user_agent,
        "address_prefix": it.seen.address_prefix,
        "revoked_at": None if ended is None else ended.at,
        "revoked_by": None if ended is None else ended.by,
        "revoked_reason": None if ended is None else ended.reason,
    }


def event(it: Event) -> dict[str, JsonValue]:
    """An event, as in `explain --json`."""
    return {
        "at": it.at,
        "kind": it.kind.value,
        "reason": it.reason,
        "correlation_id": it.correlation_id,
        "grant": None if it.grant_id is None else grant_id_text(it.grant_id),
        "client_id": it.client_id,
        "subject": it.subject,
        "user_agent": it.caller.user_agent,
        "address_prefix": it.caller.address_prefix,
        "detail": dict(it.detail),
    }


def key(it: KeyListing) -> dict[str, JsonValue]:
    """A signing key, as `keys list --json`."""
    return {
        "kid": it.key.kid,
        "alg": it.key.alg,
        "status": it.status,
        "created_at": it.key.created_at,
        "active_from": it.key.active_from,
        "retires_at": it.key.retires_at,
        "removed_at": it.key.removed_at,
    }


def policy(overrides: Overrides) -> dict[str, JsonValue]:
    """Policies as they are written: durations with their unit."""
    return {name: show_policy(name, value) for name, value in overrides.items()}


def moment(millis: int | None) -> str:
    """A moment for people, UTC; empty for none."""
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if millis else ""


def pairs(data: Mapping[str, JsonValue], *, leave_out: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """A record in two columns: words, lists with commas, moments as dates."""
    shown = [(name, value) for name, value in data.items() if name not in leave_out]
    return [(name.replace("_", " "), _text(name, value)) for name, value in shown]


def _text(name: str, value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith(("_at", "_time", "_from")):
        return moment(value)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{inner}={item}" for inner, item in value.items())
    return "" if value is None else str(value)
