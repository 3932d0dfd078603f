"""What each endpoint reads and answers. Told here; where the code lists its parameters, the two lists must agree."""

from collections.abc import Mapping
from typing import Final

from documents.words import code, table
from evergrant.core import authorization_request
from evergrant.core.access import NOT_BY_DEFAULT
from evergrant.core.grants import GRANT_TYPES
from evergrant.protocol.prompts import Prompt
from evergrant.server.http import logout

CLIENT_AUTHENTICATION: Final = (
    "The client proves itself by HTTP Basic or by `client_id` and `client_secret` in the form, never by both at once; a"
    " public client sends `client_id` only. A client that is registered for the one may use the other, unless it was"
    " registered with `--strict-auth`. A failed authentication spends nothing."
)
_BY_CLIENT: Final = "With [client authentication](#client-authentication)."
_AUTHORIZE: Final = {
    "client_id": "Required.",
    "redirect_uri": "Required. Compared exactly; only the port of a loopback address is free (RFC 8252 §7.3).",
    "response_type": "Required: `code`.",
    "response_mode": "`query`, or left out.",
    "scope": "What is asked for. Left out, it is all that the client may have, but for"
    f" {' and '.join(code(scope) for scope in sorted(NOT_BY_DEFAULT))}.",
    "state": "Comes back as it was, up to 4 KiB.",
    "nonce": "Is in the first ID token.",
    "prompt": f"{', '.join(code(prompt) for prompt in Prompt)}; several with blanks between them.",
    "max_age": "Seconds since the last sign-in after which it is asked for again.",
    "login_hint": "Fills in the user name.",
    "resource": "An API the tokens are for; may be repeated (RFC 8707).",
    "code_challenge": "Required. RFC 7636.",
    "code_challenge_method": "`S256`.",
    "request": "Refused with `request_not_supported`.",
    "request_uri": "Refused with `request_uri_not_supported`.",
    "registration": "Refused with `registration_not_supported`.",
}
_TOKEN: Final = {
    "authorization_code": "`code`, `redirect_uri` (may be left out with PKCE), `code_verifier`, `resource`",
    "refresh_token": "`refresh_token`, `scope` and `resource` (within what was granted; for this access token only)",
    "client_credentials": "`scope`, `resource`; confidential clients only",
    "password": "`username`, `password`, `scope`, `resource`; clients of profile `legacy` only",
}
_ANSWER: Final = {
    "access_token": "A JWT (RFC 9068), type `at+jwt`, signed ES256.",
    "token_type": "`Bearer`",
    "expires_in": "Seconds.",
    "refresh_token": "In every answer of a grant that has one, also when it is the same as before.",
    "refresh_token_expires_in": "Seconds, in whole minutes.",
    "scope": "What this access token may do.",
    "id_token": "When `openid` is in the scope.",
}
_LOGOUT: Final = {
    "id_token_hint": "An ID token of this session; then nobody is asked. It may have expired.",
    "client_id": "Who asks; must fit the hint.",
    "post_logout_redirect_uri": "Where to go afterwards; compared exactly with what the client registered.",
    "state": "Comes back as it was.",
    "logout_hint": "Ignored.",
    "ui_locales": "Ignored.",
}


def parameters(name: str) -> list[str]:
    """What the endpoint `name` reads and answers, in Markdown; nothing for those that read nothing."""
    match name:
        case "authorize":
            return [_listed(_AUTHORIZE, authorization_request.PARAMETERS), "The answer has `code`, `state` and `iss`."]
        case "token":
            kinds = table(("`grant_type`", "reads"), ((code(kind), _TOKEN[kind]) for kind in GRANT_TYPES))
            return [_BY_CLIENT, kinds, "The answer:", _listed(_ANSWER, tuple(_ANSWER), "member")]
        case "revoke":
            told = (
                "Reads `token`. A refresh token ends its grant, also one that was replaced since. An access token is"
                " dead at introspection and userinfo at once; its grant lives on. Tokens of other clients stay."
            )
            return [_BY_CLIENT, told]
        case "introspect":
            told = (
                "Reads `token`. A client is told of tokens issued to it, and of those for a resource that names"
                ' it as introspection client. Everything else is `{"active": false}`.'
            )
            return [_BY_CLIENT, told]
        case "logout":
            return [_listed(_LOGOUT, logout.PARAMETERS)]
        case _:
            return []


def _listed(told: Mapping[str, str], read: tuple[str, ...], head: str = "parameter") -> str:
    if set(told) != set(read):
        raise LookupError(f"parameters that nobody tells of, or nobody reads: {set(told) ^ set(read)}")
    return table((head, "meaning"), ((code(name), told[name]) for name in read))
