"""Every reason and every event in plain words, for `evergrant explain` and the reference of events. Pure data.

For operators. The caller of a refused request is told less, on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from evergrant.core.facts import EventKind
from evergrant.core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """`because`: why it happened. `seen`: what the user or the client notices. `remedy`: what to do about it."""

    because: str
    seen: str
    remedy: str


_SIGN_IN_AGAIN: Final = "The application asks the user to sign in again."
_NOTHING: Final = "Nothing needs to be done."
_CLIENT_ERROR: Final = "The application reports an error; the user can do nothing about it."
_TRY_AGAIN: Final = "The application sends the same request again and goes on as if nothing had been."
_WRONG_SIGN_IN: Final = "The sign-in page says that the user name or the password is wrong."

KINDS: Final[Mapping[EventKind, str]] = {
    EventKind.GRANT_OPENED: "A user allowed a client to act for them: a grant was opened.",
    EventKind.GRANT_EXCHANGED: "The client exchanged its authorization code for the first tokens of the grant.",
    EventKind.GRANT_REVOKED: "A grant was ended. None of its tokens is accepted any more.",
    EventKind.GRANT_REUSED: "A token that had been replaced before was shown again, and the grant was ended.",
    EventKind.REFRESH_REFUSED: "A refresh token or an authorization code was refused. The grant stayed as it was.",
    EventKind.OTHER_CLIENT: "A client showed a token that belongs to another client. The grant stayed as it was.",
    EventKind.RETRY_STREAK: "Again and again a replaced token was answered to somebody in another place.",
    EventKind.STORE_BEHIND: "A client showed a token newer than the store knew of, and the store caught up with it.",
    EventKind.TOO_FAR_AHEAD: "A token was shown that is so far ahead of the store that it cannot be honest.",
    EventKind.TOKEN_REVOKED: "A client revoked one of its access tokens.",
    EventKind.SIGNED_IN: "A user signed in.",
    EventKind.SIGN_IN_FAILED: "Somebody tried to sign in and did not succeed.",
    EventKind.SIGNED_OUT: "A user signed out.",
    EventKind.CONSENT_DENIED: "A user did not allow a client what it asked for.",
    EventKind.CLIENT_REFUSED: "A client was refused what it may not do.",
    EventKind.CLIENT_CHANGED: "An operator changed a client.",
    EventKind.SUBJECT_CHANGED: "An operator changed a user.",
    EventKind.RESOURCE_CHANGED: "An operator changed the list of protected APIs.",
    EventKind.REALM_CHANGED: "An operator changed a realm.",
    EventKind.KEY_ROTATED: "A signing key was made and published.",
}

REASONS: Final[Mapping[Reason, Explanation]] = {
    Reason.GARBAGE: Explanation(
        "What was shown is no token of this realm: cut off, altered, of another kind, or of another master key.",
        _SIGN_IN_AGAIN,
        "See whether the client stores tokens whole (a refresh token has 78 characters), talks to the right realm, and "
        "whether the master key was replaced.",
    ),
    Reason.UNKNOWN: Explanation(
        "The token is genuine in form, but there is no such grant: it ended and was deleted, or the database is older "
        "than the token.",
        _SIGN_IN_AGAIN,
        "If many clients meet this at once, see whether the database was restored from a backup.",
    ),
    Reason.OTHER_CLIENT: Explanation(
        "The grant belongs to another client than the one that showed the token.",
        _CLIENT_ERROR,
        "See whether two applications share a token store or were given each other's client id. If not, a token was "
        "stolen: revoke the grant.",
    ),
    Reason.WRONG_PROOF: Explanation(
        "What has to come with the token did not match: PKCE verifier, redirect URI, or the key it is bound to.",
        _SIGN_IN_AGAIN,
        "See whether the client keeps the verifier of the same sign-in and sends the redirect URI to the letter. If it "
        "does, somebody else has its code.",
    ),
    Reason.REVOKED: Explanation(
        "The grant had been ended before. Its own events tell when, by whom and why.",
        _SIGN_IN_AGAIN,
        "Read the events of the grant.",
    ),
    Reason.EXPIRED: Explanation(
        "The grant had reached the end that was fixed when it was opened, or the code was older than its lifetime.",
        _SIGN_IN_AGAIN,
        "This is as configured: `refresh_token_lifetime`, or `code_lifetime` for a code.",
    ),
    Reason.IDLE: Explanation(
        "The grant had not been used for longer than its idle timeout.",
        _SIGN_IN_AGAIN,
        "This is as configured: `refresh_token_idle_timeout`.",
    ),
    Reason.SUBJECT_DISABLED: Explanation(
        "The user is disabled.",
        "The user cannot sign in, and applications stop working for them.",
        "`evergrant user enable` lets the user sign in again; grants that ended stay ended.",
    ),
    Reason.SUBJECT_GONE: Explanation(
        "The user was deleted.",
        "The user cannot sign in, and applications stop working for them.",
        _NOTHING,
    ),
    Reason.CLIENT_DISABLED: Explanation(
        "The client is disabled.",
        "The application stops working for all its users.",
        "If that was a mistake, `evergrant client enable` lets it work again.",
    ),
    Reason.PASSWORD_CHANGED: Explanation(
        "The user's password was changed after the grant had been opened.",
        _SIGN_IN_AGAIN,
        "This is as configured: `on_password_change`.",
    ),
    Reason.ROLES_CHANGED: Explanation(
        "The user's roles were changed after the grant had been opened.",
        _SIGN_IN_AGAIN,
        "This is as configured: `on_role_change`; with `re-evaluate` the next access token has the new roles instead.",
    ),
    Reason.SECRET_ROTATED: Explanation(
        "The client's secret was replaced after the grant had been opened.",
        _SIGN_IN_AGAIN,
        "This is as configured: `on_secret_rotation`.",
    ),
    Reason.LOGGED_OUT: Explanation(
        "The user signed out of the session in which the grant had been opened.",
        _SIGN_IN_AGAIN,
        "This is as configured: `on_logout`. A client that is to work on must ask for `offline_access`.",
    ),
    Reason.TOO_FAR_AHEAD: Explanation(
        "The token is more than 10,000 renewals ahead of the store. No fail-over loses so many.",
        _SIGN_IN_AGAIN,
        "See whether the database was replaced by an old one. If not, treat the master key as stolen: replace it and "
        "the signing keys.",
    ),
    Reason.RETIRED_KEY: Explanation(
        "The token was made under an older master key than the grant has moved on to.",
        _SIGN_IN_AGAIN,
        "If the old key was retired because it leaked, this was a forged token: revoke the grant.",
    ),
    Reason.REUSED: Explanation(
        "A token that had been replaced was used again, too late to be an honest retry. Two parties hold tokens of "
        "this grant, and one of them should not.",
        "Everybody who holds tokens of the grant loses access. " + _SIGN_IN_AGAIN,
        "See where the two came from: a stolen token, a restored backup of the client's storage, or one token store "
        "copied to several machines. If honest retries come later than that, raise `retry_window`.",
    ),
    Reason.TOO_WIDE_SCOPE: Explanation(
        "The client asked for a scope that it or the grant does not have.",
        _CLIENT_ERROR,
        "Let the client ask for less, or allow it the scope with `evergrant client update --scope`.",
    ),
    Reason.NO_SCOPE_LEFT: Explanation(
        "The client or the realm has lost every scope that the grant had for this audience.",
        _CLIENT_ERROR,
        "Give the client its scopes back, or let the user consent anew.",
    ),
    Reason.WRONG_TARGET: Explanation(
        "The client asked for a resource that is not registered, that it may not use, or for more than one at a time.",
        _CLIENT_ERROR,
        "See `evergrant resource list` and the client's audiences.",
    ),
    Reason.RETRY_STREAK: Explanation(
        "Renewal after renewal, the token just replaced was used once more from another network or by another program. "
        "An honest client loses an answer now and then, not every time.",
        "If the grant was ended: " + _SIGN_IN_AGAIN,
        "Treat the refresh token as stolen. If the client really runs in several places with one token, give each its "
        "own sign-in, or set `streak` to `event` for it.",
    ),
    Reason.OVERTAKEN: Explanation(
        "Other requests for the same grant were faster at every attempt. Nothing was decided and nothing spent.",
        _TRY_AGAIN,
        _NOTHING + " If it is frequent, the client sends far too many refreshes at once.",
    ),
    Reason.NEWER_KEY: Explanation(
        "Another node renewed the grant under a master key that this one was not given. Nothing was spent.",
        _TRY_AGAIN,
        "Give every node all master keys, and restart those that still have the old set.",
    ),
    Reason.TOO_LATE: Explanation(
        "The server had held the request for more than 15 seconds, so nothing was written any more.",
        _TRY_AGAIN,
        "See why the server or its database was so slow.",
    ),
    Reason.MADE_ROOM: Explanation(
        "The user opened more grants with this client than `max_grants` allows, and this one was used least recently.",
        "On the device or browser that held this grant: " + _SIGN_IN_AGAIN,
        "If users really have that many devices, raise `max_grants`. Otherwise the client signs in where it should "
        "refresh.",
    ),
    Reason.BY_CLIENT: Explanation(
        "The client asked for it, as applications do at sign-out.",
        "The user is signed out of the application.",
        _NOTHING,
    ),
    Reason.BY_OPERATOR: Explanation("An operator ended it on the command line.", _SIGN_IN_AGAIN, _NOTHING),
    Reason.CLIENT_DELETED: Explanation(
        "The client was deleted.", "The application stops working for all its users.", _NOTHING
    ),
    Reason.UNKNOWN_CLIENT: Explanation(
        "No client of that id is registered in this realm, or the request named none.",
        _CLIENT_ERROR,
        "See `evergrant client list`, and whether the application uses this realm's issuer URL.",
    ),
    Reason.WRONG_SECRET: Explanation(
        "The client's secret is not the registered one.",
        _CLIENT_ERROR,
        "Give the application the right secret; `evergrant client rotate-secret` makes a new one.",
    ),
    Reason.TWO_METHODS: Explanation(
        "The client authenticated in two ways at once, or named two identifiers.",
        _CLIENT_ERROR,
        "Send the credentials either in the Authorization header or in the form.",
    ),
    Reason.WRONG_METHOD: Explanation(
        "The client authenticated in another way than it is registered for.",
        _CLIENT_ERROR,
        "Change the application, or the client's authentication method.",
    ),
    Reason.GRANT_NOT_ALLOWED: Explanation(
        "The client asked for a grant type that it is not registered for.",
        _CLIENT_ERROR,
        "Add the grant type with `evergrant client update --grant` if the client is meant to have it.",
    ),
    Reason.WRONG_PASSWORD: Explanation(
        "The password was wrong.", _WRONG_SIGN_IN, "`evergrant user set-password` sets a new one."
    ),
    Reason.UNKNOWN_SUBJECT: Explanation(
        "There is no user of that name. The page does not say so, so that nobody can find out who has an account.",
        _WRONG_SIGN_IN,
        "See `evergrant user list`.",
    ),
    Reason.THROTTLED: Explanation(
        "Too many wrong passwords for this account or from this network. The attempt was not looked at.",
        "The sign-in page asks to wait; in a browser that has signed in before, the user is not held up.",
        "Wait. If it goes on, somebody guesses passwords: see where the failed sign-ins come from.",
    ),
    Reason.STORE_DOWN: Explanation(
        "The database could not be asked, or it is not known whether a write succeeded.",
        _TRY_AGAIN,
        "See the database, and `/readyz`.",
    ),
    Reason.DENIED: Explanation(
        "The user chose not to allow it.", "The user is back at the application, without access.", _NOTHING
    ),
    Reason.NEVER_ASKED: Explanation(
        "The client asked that no page be shown (`prompt=none`), and the user would have had to be asked something.",
        "Nothing is seen: the application is told to show a sign-in itself.",
        _NOTHING + " This is how applications find out whether somebody is signed in.",
    ),
}
