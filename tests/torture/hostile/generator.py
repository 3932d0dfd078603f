"""The attack, shot by shot, from a seed: an honest request, and one to four things wrong with it."""

from random import Random
from typing import Final
from urllib.parse import quote

from tests.torture.hostile import heads, parameters
from tests.torture.hostile.addresses import disguises
from tests.torture.hostile.cast import Cast
from tests.torture.hostile.forgeries import forgeries
from tests.torture.hostile.honest import honest
from tests.torture.hostile.registry import Target, targets
from tests.torture.hostile.shots import Request, Shot

_SHOWN_IN: Final = {
    "token": ("refresh_token", "code"),
    "revoke": ("token",),
    "introspect": ("token",),
    "userinfo": ("access_token",),
    "logout": ("id_token_hint",),
    "authorize_continue": ("interaction",),
    "consent": ("interaction",),
    "sign_in": ("interaction",),
    "logout_confirm": ("logout",),
}
_SENT_TO: Final = {"authorize": "redirect_uri", "token": "redirect_uri", "logout": "post_logout_redirect_uri"}
_ROUND: Final = 8


class Generator:
    """`next()` as often as wanted. The same seed and cast give the same attack."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self._chance = Random(seed)
        self._cast = cast
        self._forgeries = forgeries(cast, self._chance)
        self._disguises = tuple(
            text for uri in dict.fromkeys((*cast.redirects, *cast.after_logout)) for text in disguises(uri)
        )
        self._turn = 0

    def next(self) -> Shot:
        """Doors take turns, so that none is forgotten; those at which something can be won come more often."""
        chance, self._turn = self._chance, self._turn + 1
        everything = targets()
        target = everything[self._turn // _ROUND % len(everything)] if self._turn % _ROUND == 0 else self._rewarding()
        request = honest(target, self._cast, chance)
        match chance.randrange(10):
            case 0 | 1:
                request = self._forged(request)
            case 2:
                request = self._sent_elsewhere(request)
            case _:
                pass
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
            request = self._changed(request)
        return request.shot()

    def _rewarding(self) -> Target:
        known = [target for target in targets() if target.name in _SHOWN_IN or target.name == "authorize"]
        return self._chance.choice(known[: len(known) // 2])

    def _changed(self, request: Request) -> Request:
        if request.fields and self._chance.random() < 0.6:
            return self._chance.choice(parameters.CHANGES)(request, self._chance)
        return self._chance.choice(heads.CHANGES)(request, self._cast, self._chance)

    def _forged(self, request: Request) -> Request:
        names = _SHOWN_IN.get(request.door)
        if names is None:
            return request
        # What is changed by hand may turn out to be the genuine one again in another letter case; what is shown alone
        # is forged for sure, unless a later change puts another of the cast's in its place.
        forged = self._chance.choice(self._forgeries)
        kept = tuple(field for field in request.fields if field[0].decode("latin-1") not in names)
        value = quote(forged, safe="").encode() if self._chance.random() < 0.9 else forged.encode()
        name = self._chance.choice(names).encode()
        headers = heads.without(request.headers, b"authorization") if request.door == "userinfo" else request.headers
        if name == b"code":
            kept = ((b"grant_type", b"authorization_code"), *(f for f in kept if f[0] != b"grant_type"))
        elif request.door == "token":
            kept = ((b"grant_type", b"refresh_token"), *(f for f in kept if f[0] != b"grant_type"))
        return request.but("forged", fields=(*kept, (name, value)), headers=headers, forged=True)

    def _sent_elsewhere(self, request: Request) -> Request:
        name = _SENT_TO.get(request.door)
        if name is None:
            return request
        text = self._chance.choice(self._disguises)
        written = quote(text, safe="") if self._chance.random() < 0.8 else quote(text, safe="/:?&=@#%")
        kept = tuple(field for field in request.fields if field[0] != name.encode())
        return request.but(f"sent to {text[:60]!r}", fields=(*kept, (name.encode(), written.encode())))
