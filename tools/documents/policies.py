"""The policies, from `evergrant.core.policy`; their meanings are told here, and each must have one."""

from dataclasses import fields
from typing import Final

from documents.words import code, doc, page, table
from evergrant.app.durations import FORM
from evergrant.app.policies import show_policy
from evergrant.core.policy import COMMIT_DEADLINE, SECOND, Action, EpochEvent, Policy, Profile, Renew, Streak, effective

_MEANING: Final = {
    "access_token_lifetime": "How long an access token lives. A resource may have its own (`resource create`).",
    "refresh_token_lifetime": "Absolute end of a grant, from approval. Fixed at the code exchange; never moves.",
    "refresh_token_idle_timeout": "A grant that is not used for this long ends.",
    "renew": "`always`: every refresh makes a new refresh token and the previous one inactive. `never`: the same"
    " again.",
    "extend_on_renew": "`true`: use extends the idle timeout. `false`: it runs from approval, so a renewed token keeps"
    " the old end.",
    "retry_window": "How long a superseded refresh token is answered with its successor. 0 turns it off: then every"
    f" lost answer costs a sign-in. Otherwise at least {4 * COMMIT_DEADLINE // SECOND} s.",
    "code_lifetime": "How long an authorization code lives. At most 10 minutes.",
    "max_grants": "Active grants of one user at one client. The least recently used one makes room.",
    "streak": "What six retries in a row from another place do: see below.",
    "on_password_change": "When the user's password is set.",
    "on_role_change": "When the user's roles are set.",
    "on_disable": "When user or client is disabled. Disabled is always refused; this says what becomes of the grants.",
    "on_logout": "When the user signs out.",
    "on_secret_rotation": "When the client's secret is rotated.",
}
_WSO2: Final = {
    "renew": "RenewRefreshTokenForRefreshGrant",
    "extend_on_renew": "ExtendRenewedRefreshTokenExpiryTime",
    "refresh_token_idle_timeout": "RefreshTokenValidityPeriod",
}
_ACTIONS: Final = {
    Action.IGNORE: "Nothing.",
    Action.RE_EVALUATE: "Grants live on; the next refresh reads the user again, so the new access token has the new"
    " roles.",
    Action.REVOKE_ONLINE: "Grants end, but for those with `offline_access`.",
    Action.REVOKE_ALL: "All grants end, at once, in the same transaction as the change.",
}
_STREAKS: Final = {
    Streak.AUTO: "The grant ends for public clients without a bound key; for others it is an event.",
    Streak.REVOKE: "The grant ends.",
    Streak.EVENT: "An event, nothing else.",
    Streak.OFF: "Nothing is counted.",
}
_RENEWS: Final = {Renew.ALWAYS: "A new refresh token at each refresh.", Renew.NEVER: "The same one again."}
_PROFILES: Final = {
    Profile.OAUTH21: "The default: code with PKCE, refresh, client credentials; no password grant.",
    Profile.LEGACY: "Besides, the password grant.",
    Profile.FAPI2: "Refresh tokens are not renewed. Sender-constrained tokens and PAR, which that profile of the OpenID"
    " Foundation asks for as well, are not there yet.",
}
_EVENTS: Final = {f"on_{event}": event for event in EpochEvent if event is not EpochEvent.NONE}


def policies_page() -> tuple[str, str]:
    """The page and its name."""
    default = effective(Profile.OAUTH21, {}, {})
    return "policies.md", page(
        "Policies",
        "A policy is set for a realm and overridden for a client; what is not set comes from the client's profile. On"
        " the command line each is an option (`--retry-window 90s`), in the configuration file a line of `[policy]`,"
        f" for the default realm. A length of time is {FORM}.",
        table(
            ("policy", "default", "other profiles", "meaning", "WSO2 calls it"),
            (
                (
                    code(name),
                    code(_shown(default, name)),
                    _elsewhere(default, name),
                    _MEANING[name],
                    code(_WSO2.get(name, "")),
                )
                for name in (field.name for field in fields(Policy))
            ),
        ),
        "## What an event does",
        "Each `on_…` policy is one of these.",
        table(("value", "meaning"), ((code(action), _ACTIONS[action]) for action in Action)),
        table(
            ("event", *(code(action) for action in Action)),
            (
                (code(name), *("default" if default.action(event) is action else "" for action in Action))
                for name, event in _EVENTS.items()
            ),
        ),
        "Deleting a user or a client ends its grants under every policy. Setting a password, disabling and deleting"
        " also end the user's sign-in in all browsers.",
        "## `renew`",
        table(("value", "meaning"), ((code(value), _RENEWS[value]) for value in Renew)),
        "## `streak`",
        table(("value", "at six in a row"), ((code(value), _STREAKS[value]) for value in Streak)),
        "## Profiles",
        doc(Profile),
        table(("profile", "meaning"), ((code(profile), _PROFILES[profile]) for profile in Profile)),
    )


def _shown(policy: Policy, name: str) -> str:
    return show_policy(name, getattr(policy, name))


def _elsewhere(default: Policy, name: str) -> str:
    others = {profile: _shown(effective(profile, {}, {}), name) for profile in Profile}
    return ", ".join(f"{profile}: `{value}`" for profile, value in others.items() if value != _shown(default, name))
