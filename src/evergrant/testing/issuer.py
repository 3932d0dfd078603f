"""An issuer for the tests of an API: it makes real tokens, and no network is needed for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Final

from evergrant.jose.keys import generate
from evergrant.jose.signing import sign
from evergrant.protocol.claims import ACCESS_TOKEN_TYPE
from evergrant.resource.declaration import Resource
from evergrant.resource.guard import Guard
from evergrant.resource.keys import FixedKeys
from evergrant.resource.system import Clock, clock
from evergrant.resource.verifying import JwtVerifier

SUBJECT: Final = "u_test"
CLIENT: Final = "test-client"


class FakeIssuer:
    """Stands in for the issuer of `resource`, with a key of its own.

        issuer = FakeIssuer(notes)
        with issuer.trusted_by(guard):
            answer = client.get("/notes", headers=issuer.headers(scope="notes:read"))

    The whole check runs as in production; only the keys come from here.
    """

    def __init__(self, resource: Resource, *, clock: Clock = clock) -> None:
        self._resource = resource
        self._clock = clock
        self._key = generate("ES256")
        self._numbers = count(1)

    def mint(
        self,
        *,
        scope: str = "",
        sub: str = SUBJECT,
        client_id: str = CLIENT,
        roles: Collection[str] = (),
        lifetime_s: int = 900,
        typ: str = ACCESS_TOKEN_TYPE,
        **claims: object,
    ) -> str:
        """An access token as RFC 9068 §2.2 has it. `claims` are added, or stand in place of the usual ones.

        `lifetime_s` below 0 makes one that has expired; another `typ`, such as `JWT`, one of another kind. For a person
        who signed in say `auth_time` (seconds) and `acr`.
        """
        now = self._clock() // 1000
        usual: dict[str, object] = {
            "iss": self._resource.issuer,
            "aud": self._resource.audience,
            "sub": sub,
            "client_id": client_id,
            "scope": scope,
            "roles": list(roles),
            "jti": f"test-{next(self._numbers)}",
            # Before now, and before `exp` also in a token that has expired.
            "iat": now + min(0, lifetime_s - 1),
            "exp": now + lifetime_s,
        }
        return sign(usual | claims, self._key, typ)

    def headers(self, *, scope: str = "", sub: str = SUBJECT, roles: Collection[str] = ()) -> dict[str, str]:
        """The headers of a request with such a token."""
        return {"Authorization": f"Bearer {self.mint(scope=scope, sub=sub, roles=roles)}"}

    def keys(self) -> FixedKeys:
        """What this issuer signs with, for `JwtVerifier(resource, keys=…)`."""
        return FixedKeys({self._key.kid: self._key.public()})

    def rotate(self) -> None:
        """Sign with a new key from now on; guards that trusted the old one do not know it."""
        self._key = generate("ES256")

    @contextmanager
    def trusted_by(self, guard: Guard) -> Iterator[None]:
        """While the block runs, `guard` believes this issuer and no other."""
        before = guard.verifier
        guard.verifier = JwtVerifier(guard.resource, keys=self.keys(), clock=self._clock)
        try:
            yield
        finally:
            guard.verifier = before
