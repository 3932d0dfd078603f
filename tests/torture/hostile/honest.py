"""The requests that are then mutilated: for each door one that would do, or would but for one thing."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final
from urllib.parse import quote

from tests.torture.hostile.cast import CHALLENGE, Cast
from tests.torture.hostile.registry import Target, parameters
from tests.torture.hostile.shots import Field, Request
from tests.torture.hostile.values import text

FORM: Final = (b"Content-Type", b"application/x-www-form-urlencoded")
SAME_ORIGIN: Final = (b"Sec-Fetch-Site", b"same-origin")


def honest(target: Target, cast: Cast, chance: Random) -> Request:
    """A request for this door. One that nothing is known of gets parameters that some other door reads."""
    method = chance.choice(target.door.methods).encode()
    known = _FIELDS.get(target.name)
    fields = known(cast, chance) if known is not None else _anything(chance)
    headers: list[Field] = [(b"Host", cast.host)]
    if target.door.shape == "page":
        headers += [(b"Cookie", chance.choice((cast.browser, cast.browsers[-1])).encode()), SAME_ORIGIN]
    if method == b"POST":
        headers.append(FORM)
    headers += _proof(target.name, cast, chance)
    posted = method == b"POST"
    return Request(target.name, method, target.path.encode(), tuple(headers), _encoded(fields), in_query=not posted)


def _encoded(fields: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple((name.encode(), quote(value, safe="").encode()) for name, value in fields.items())


def _proof(door: str, cast: Cast, chance: Random) -> list[Field]:
    """Whoever shows a genuine token is usually the wrong client: then nothing may come of it (I6)."""
    if door in ("token", "revoke", "introspect"):
        who = chance.choice((cast.legacy, cast.service, cast.service))
        return [(b"Authorization", who.basic.encode())]
    if door in ("userinfo", "playground"):
        return [(b"Authorization", b"Bearer " + cast.access_token.encode())]
    return []


def _token(cast: Cast, chance: Random) -> dict[str, str]:
    match chance.randrange(8):
        case 0:
            return {"grant_type": "client_credentials", "scope": "profile"}
        case 1:
            return {
                "grant_type": "authorization_code",
                "code": "eg_ac_" + cast.refresh_token[6:],
                "redirect_uri": cast.redirects[0],
                "code_verifier": "v" * 43,
            }
        case 2:
            # No such user: to look at a password costs 20 ms, and one that is right would open a grant.
            return {"grant_type": "password", "username": "nobody", "password": cast.password, "scope": "profile"}
        case _:
            return {"grant_type": "refresh_token", "refresh_token": cast.refresh_token, "scope": "profile admin"}


def _authorize(cast: Cast, chance: Random) -> dict[str, str]:
    return {
        "client_id": cast.web,
        "redirect_uri": chance.choice(cast.redirects),
        "response_type": "code",
        "scope": "openid profile offline_access",
        "state": "s-h0stile",
        "nonce": "n-h0stile",
        # Asks again each time, so that no grant is opened by the way.
        "prompt": chance.choice(("consent", "login", "none")),
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def _shown(cast: Cast, chance: Random) -> dict[str, str]:
    shown = chance.choice((cast.refresh_token, cast.access_token, cast.id_token))
    return {"token": shown, "token_type_hint": chance.choice(("refresh_token", "access_token", "h0stile"))}


def _logout(cast: Cast, chance: Random) -> dict[str, str]:
    return {
        "client_id": cast.web,
        "post_logout_redirect_uri": cast.after_logout[0],
        "state": "s-h0stile",
        "id_token_hint": chance.choice((cast.id_token, cast.access_token)),
    }


def _sign_in(cast: Cast, chance: Random) -> dict[str, str]:
    return {
        "interaction": cast.interaction,
        "username": chance.choice(("nobody", cast.username)),
        "password": "h0stile",
    }


_FIELDS: Final[Mapping[str, Callable[[Cast, Random], dict[str, str]]]] = {
    "token": _token,
    "authorize": _authorize,
    "authorize_continue": lambda cast, _: {"interaction": cast.interaction},
    "sign_in": _sign_in,
    "consent": lambda cast, _: {"interaction": cast.interaction, "decision": "allow"},
    "logout": _logout,
    "logout_confirm": lambda cast, _: {"logout": cast.interaction, "decision": "leave"},
    "revoke": _shown,
    "introspect": _shown,
    "userinfo": lambda cast, _: {"access_token": cast.access_token},
    "playground": lambda *_: {"gid": "00" * 16},
}


def _anything(chance: Random) -> dict[str, str]:
    names = chance.sample(parameters(), chance.randrange(4))
    return {name: text(chance).decode("latin-1") for name in names}
