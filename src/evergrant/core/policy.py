"""Policies: how long things live and what an event does to grants; per realm, overridden per client.

The effective policy is `profile defaults <- realm overrides <- client overrides` (design: "Policy").
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

from evergrant.protocol.values import Millis

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
DAY: Final = 24 * 60 * MINUTE
COMMIT_DEADLINE: Final = Millis(15 * SECOND)
"""No commit is sent later than this after the request was accepted."""

PolicyValue = int | bool | str


class Profile(StrEnum):
    """A set of defaults on a client; `doctor` grades clients against it."""

    OAUTH21 = "oauth21"
    LEGACY = "legacy"
    FAPI2 = "fapi2"


class Action(StrEnum):
    """What an event (password change, role change, ...) does to the grants it concerns."""

    IGNORE = "ignore"
    RE_EVALUATE = "re-evaluate"
    REVOKE_ONLINE = "revoke_online"
    REVOKE_ALL = "revoke_all"


class Renew(StrEnum):
    """Whether a refresh moves to a new refresh token, or hands the same one out again."""

    ALWAYS = "always"
    NEVER = "never"


class Streak(StrEnum):
    """What six redeliveries in a row to another context do. AUTO: revoke for unbound public clients, else event."""

    AUTO = "auto"
    REVOKE = "revoke"
    EVENT = "event"
    OFF = "off"


class EpochEvent(StrEnum):
    """Which event last moved an epoch, so that row 7 can ask the policy for that event."""

    NONE = "none"
    PASSWORD_CHANGE = "password_change"
    ROLE_CHANGE = "role_change"
    DISABLE = "disable"
    LOGOUT = "logout"
    SECRET_ROTATION = "secret_rotation"


class PolicyError(ValueError):
    """A policy that cannot be: names the setting, says what would be right."""


@dataclass(frozen=True, slots=True)
class Policy:
    """All lifetimes in milliseconds."""

    access_token_lifetime: int = 15 * MINUTE
    refresh_token_lifetime: int = 90 * DAY
    refresh_token_idle_timeout: int = 14 * DAY
    renew: Renew = Renew.ALWAYS
    extend_on_renew: bool = True
    retry_window: int = 60 * SECOND
    code_lifetime: int = 60 * SECOND
    max_grants: int = 200
    streak: Streak = Streak.AUTO
    on_password_change: Action = Action.REVOKE_ALL
    on_role_change: Action = Action.RE_EVALUATE
    on_disable: Action = Action.REVOKE_ALL
    on_logout: Action = Action.REVOKE_ONLINE
    on_secret_rotation: Action = Action.IGNORE

    def action(self, event: EpochEvent) -> Action:
        """What `event` does under this policy."""
        return {
            EpochEvent.NONE: Action.IGNORE,
            EpochEvent.PASSWORD_CHANGE: self.on_password_change,
            EpochEvent.ROLE_CHANGE: self.on_role_change,
            EpochEvent.DISABLE: self.on_disable,
            EpochEvent.LOGOUT: self.on_logout,
            EpochEvent.SECRET_ROTATION: self.on_secret_rotation,
        }[event]


Overrides = Mapping[str, PolicyValue]

_DEFAULTS: Final[Mapping[Profile, Policy]] = {
    Profile.OAUTH21: Policy(),
    Profile.LEGACY: Policy(),
    Profile.FAPI2: Policy(renew=Renew.NEVER),
}
_ENUMS: Final[Mapping[str, type[StrEnum]]] = {
    "renew": Renew,
    "streak": Streak,
    **{f.name: Action for f in fields(Policy) if f.name.startswith("on_")},
}
SETTINGS: Final = tuple(f.name for f in fields(Policy))


def check_overrides(overrides: Mapping[str, object]) -> dict[str, PolicyValue]:
    """The overrides as stored values. Raises PolicyError naming every setting that is unknown or impossible."""
    problems: list[str] = []
    clean: dict[str, PolicyValue] = {}
    for name, value in overrides.items():
        if name not in SETTINGS:
            problems.append(f"{name}: no such policy; there are {', '.join(SETTINGS)}")
        elif name in _ENUMS:
            choices = [str(choice) for choice in _ENUMS[name]]
            if value in choices:
                clean[name] = str(value)
            else:
                problems.append(f"{name}: must be one of {', '.join(choices)}")
        elif name == "extend_on_renew":
            if isinstance(value, bool):
                clean[name] = value
            else:
                problems.append(f"{name}: must be true or false")
        elif isinstance(value, bool) or not isinstance(value, int):
            problems.append(f"{name}: must be a whole number")
        else:
            clean[name] = value
    if not problems:
        problems = _impossible(_apply(Policy(), clean))
    if problems:
        raise PolicyError("; ".join(problems))
    return clean


def _impossible(policy: Policy) -> list[str]:
    """Values that would break a promise of the life cycle, each with its remedy."""
    problems = [
        f"{name}: must be positive"
        for name in ("access_token_lifetime", "refresh_token_lifetime", "code_lifetime", "max_grants")
        if getattr(policy, name) <= 0
    ]
    if policy.refresh_token_idle_timeout <= 0:
        problems.append("refresh_token_idle_timeout: must be positive")
    # A stalled request may commit up to COMMIT_DEADLINE late; a shorter window would punish its honest retry.
    if policy.retry_window != 0 and policy.retry_window < 4 * COMMIT_DEADLINE:
        problems.append("retry_window: must be 0 (off) or at least 60 seconds")
    if policy.code_lifetime > 10 * MINUTE:
        problems.append("code_lifetime: at most 10 minutes (RFC 6749 §4.1.2)")
    return problems


def _apply(policy: Policy, overrides: Overrides) -> Policy:
    typed = {name: _ENUMS[name](str(value)) if name in _ENUMS else value for name, value in overrides.items()}
    return replace(policy, **typed)  # type: ignore[arg-type]  # check_overrides proved names and types


def effective(profile: Profile, realm: Overrides, client: Overrides) -> Policy:
    """The policy a grant of this client lives under."""
    return _apply(_apply(_DEFAULTS[profile], realm), client)
