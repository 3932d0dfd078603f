"""Asks the issuer about a token: right to the moment, for the price of a request. RFC 7662."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from evergrant.flight import Flight
from evergrant.jose.claims import Claims, whole_number
from evergrant.jose.errors import JoseError, JoseReason
from evergrant.protocol.bearer import basic_credentials
from evergrant.protocol.errors import InvalidToken
from evergrant.protocol.provider import BadMetadata, url_of
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from evergrant.resource.access_token import AccessToken
from evergrant.resource.checking import read
from evergrant.resource.declaration import Profile, Resource
from evergrant.resource.fetching import Fetch, FetchFailed, UrlFetch
from evergrant.resource.keys import discover
from evergrant.resource.refusals import Refused
from evergrant.resource.remembered import Remembered, digest_of
from evergrant.resource.system import Clock, clock
from evergrant.resource.verifying import Steps, unavailable

REMEMBERED_MS: Final = 60_000
"""For at most so long a good token is believed without asking again."""

NOT_GOOD_MS: Final = 5_000
"""For so long a token that was not good is not asked about again."""

Found = AccessToken | InvalidToken


@dataclass(frozen=True, slots=True)
class ApiClient:
    """As whom the API asks: a confidential client of the issuer."""

    client_id: str
    secret: Secret


class IntrospectionVerifier:
    """Asks the issuer about each token, and believes the answer for up to `remember_ms` milliseconds (0: never).

    However many ask about one token at once, one request is sent. When the issuer cannot be asked, tokens that are not
    remembered are refused with 503, never with `invalid_token`.
    """

    def __init__(
        self,
        resource: Resource,
        client: ApiClient,
        *,
        fetch: Fetch | None = None,
        remember_ms: int = REMEMBERED_MS,
        clock: Clock = clock,
    ) -> None:
        self._resource = resource
        self._client = client
        self._fetch = fetch or UrlFetch()
        self._remember_ms = remember_ms
        self._clock = clock
        self._lock = threading.Lock()
        self._flights: dict[bytes, Flight[Found]] = {}
        self._good: Remembered[AccessToken] = Remembered()
        self._bad: Remembered[InvalidToken] = Remembered()
        self._endpoint: str | None = None

    def known(self, token: str) -> AccessToken | None:
        """See Verifier."""
        return self._good.get(digest_of(token), self._clock())

    def steps(self, token: str) -> Steps:
        """See Verifier."""
        digest = digest_of(token)
        bad = self._bad.get(digest, self._clock())
        if bad is not None:
            raise Refused(bad, reason=JoseReason.EXPIRED)
        future = self._flight(digest).join(lambda: self._ask(token, digest))
        yield future  # type: ignore[misc]  # a future of a finding is a future of something
        try:
            found = future.result()
        except (FetchFailed, BadMetadata) as problem:
            asked = problem.retry_after_s if isinstance(problem, FetchFailed) else None
            raise unavailable(asked or 1) from problem
        if isinstance(found, InvalidToken):
            raise Refused(found, reason=JoseReason.EXPIRED)
        return found

    def _flight(self, digest: bytes) -> Flight[Found]:
        with self._lock:
            return self._flights.setdefault(digest, Flight("evergrant-introspection", daemon=True))

    def _ask(self, token: str, digest: bytes) -> Found:
        """Runs in the flight's thread."""
        try:
            form = urlencode({"token": token, "token_type_hint": "access_token"}).encode()
            document = self._fetch(self._where(), self._headers(), form).document or {}
            now = self._clock()
            try:
                found: Found = read_introspection(document, self._resource, now)
            except JoseError:
                found = InvalidToken("The access token is invalid or expired.")
            if isinstance(found, AccessToken):
                if self._remember_ms:
                    self._good.put(digest, found, now, Millis(min(now + self._remember_ms, found.expires_at)))
            else:
                self._bad.put(digest, found, now, Millis(now + min(NOT_GOOD_MS, self._remember_ms)))
            return found
        except FetchFailed:
            # The issuer may have moved: the next one begins at the discovery document.
            self._endpoint = None
            raise
        finally:
            with self._lock:
                self._flights.pop(digest, None)

    def _where(self) -> str:
        if self._endpoint is None:
            self._endpoint = url_of(discover(self._resource.issuer, self._fetch), "introspection_endpoint")
        return self._endpoint

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": basic_credentials(self._client.client_id, self._client.secret),
            "Content-Type": "application/x-www-form-urlencoded",
        }


def read_introspection(document: Mapping[str, object], resource: Resource, now: Millis) -> AccessToken:
    """The token that an answer of the issuer describes. RFC 7662 §2.2. Pure.

    Raises JoseError if it is not active, has expired, or is for another API: an answer without `aud` is believed of a
    foreign issuer only, and only if it says by `token_type` that it is about an access token. A refresh token is active
    too, and opens nothing here.
    """
    if document.get("active") is not True:
        raise JoseError(JoseReason.EXPIRED)
    if document.get("iss", resource.issuer) != resource.issuer:
        raise JoseError(JoseReason.ISSUER)
    # RFC 7662 §2.2: of the kinds of RFC 6749 §5.1. Evergrant and others say here when it is no access token.
    if str(document.get("token_type", "Bearer")).lower() not in ("bearer", "access_token"):
        raise JoseError(JoseReason.TYPE)
    expires, issued = whole_number(document.get("exp")), whole_number(document.get("iat", 0))
    if now // 1000 >= expires + resource.leeway_s:
        raise JoseError(JoseReason.EXPIRED)
    audience = _texts(document.get("aud"))
    # Some issuers tell a refresh token by what is missing: it has neither audience nor type.
    if not audience and "token_type" in document and resource.profile is Profile.FOREIGN:
        audience = (resource.audience,)
    # `jti` is optional here, and a token that was looked up needs no name of its own.
    values = {"jti": "introspected", **document}
    return read(Claims(resource.issuer, audience, expires, issued, values), resource)


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, str))
