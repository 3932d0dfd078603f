"""The browser's cookies: random ids and nothing else (R-034); no other site's form sends them, no script reads them.

`__Host-` where the issuer is https: then no neighbouring subdomain can plant one (Q-16).
"""

from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from evergrant.core.policy import DAY
from evergrant.protocol.secret import Secret
from evergrant.server.browser import ID_BYTES, Browser
from evergrant.server.http.reading import serving
from evergrant.server.issuer import Issuer
from evergrant.server.known_browsers import LIFETIME as KNOWN_LIFETIME

Name = Literal["session", "browser", "known"]
_SESSION_LIFETIME: Final = 30 * DAY
_DEFAULT_REALM: Final = "default"


def name_of(name: Name, issuer: Issuer) -> str:
    """Realms share a host and `__Host-` demands `Path=/`, so the realm is in the name."""
    realm = "" if issuer.realm_name == _DEFAULT_REALM else f"-{issuer.realm_name}"
    return f"{'__Host-' if issuer.secure else ''}eg_{name}{realm}"


def read_browser(request: Request, issuer: Issuer) -> Browser:
    """What the browser brought along. A cookie that came twice is none: one of the two was planted."""
    known = _single(request, name_of("known", issuer))
    return Browser(
        id=_secret(_single(request, name_of("browser", issuer))),
        session=_secret(_single(request, name_of("session", issuer))),
        known=known,
    )


def greet(request: Request, browser: Browser) -> Browser:
    """The same browser, with an id if it had none."""
    if browser.id is not None:
        return browser
    return Browser(Secret(serving(request).random(ID_BYTES).hex()), browser.session, browser.known)


def keep_id(response: Response, issuer: Issuer, before: Browser, after: Browser) -> None:
    """Give the browser the id that it was greeted with; it ends with the browser."""
    if before.id is None and after.id is not None:
        _set(response, issuer, "browser", after.id.reveal(), None)


def keep_session(response: Response, issuer: Issuer, session: Secret, known: str) -> None:
    """After a sign-in. The session's real end is in the store."""
    _set(response, issuer, "session", session.reveal(), _SESSION_LIFETIME // 1000)
    _set(response, issuer, "known", known, KNOWN_LIFETIME // 1000)


def forget_session(response: Response, issuer: Issuer) -> None:
    """After a sign-out."""
    _set(response, issuer, "session", "", 0)


def _set(response: Response, issuer: Issuer, name: Name, value: str, max_age_s: int | None) -> None:
    response.set_cookie(
        name_of(name, issuer), value, max_age=max_age_s, path="/", secure=issuer.secure, httponly=True, samesite="lax"
    )


def _secret(value: str | None) -> Secret | None:
    return None if value is None else Secret(value)


def _single(request: Request, name: str) -> str | None:
    """Read by hand: a dictionary of cookies would let the last of two win."""
    pairs = (pair.partition("=") for line in request.headers.getlist("cookie") for pair in line.split(";"))
    values = [value.strip() for key, _, value in pairs if key.strip() == name]
    return values[0] if len(values) == 1 and values[0] else None
