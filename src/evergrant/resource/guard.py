"""The guard: from a request's `Authorization` to the access token, or to the answer that refuses it.

Every framework adapter is a few lines around this, so that all of them behave alike.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from typing import Final

from evergrant.protocol.bearer import bearer
from evergrant.protocol.errors import InvalidRequest, InvalidToken
from evergrant.resource.access_token import AccessToken
from evergrant.resource.declaration import Resource
from evergrant.resource.refusals import Answer, Refused
from evergrant.resource.requirements import ANY_TOKEN, Requirement, judge
from evergrant.resource.system import Clock, clock
from evergrant.resource.verifying import JwtVerifier, Verifier, finish, finish_async

_log: Final = logging.getLogger("evergrant.resource")

# What joins two headers on the way, as WSGI servers do, puts a comma between (RFC 9110 §5.3). No token has one.
_JOINED: Final = re.compile(r"bearer[ \t][^,]*,|.*,[ \t]*bearer[ \t]", re.IGNORECASE)
_ALLOWED: Final = "GET, HEAD, OPTIONS"


class Guard:
    """Lets requests in that show a good access token for `resource`.

    `verifier`: how tokens are checked; default: by their signature. A guard is for the whole program, all threads and
    tasks of it; it opens no connection before the first token comes.
    """

    def __init__(self, resource: Resource, *, verifier: Verifier | None = None, clock: Clock = clock) -> None:
        self.resource = resource
        self.verifier: Verifier = verifier or JwtVerifier(resource, clock=clock)
        self._clock = clock

    def admit(self, authorization: Sequence[str], needs: Requirement = ANY_TOKEN) -> AccessToken:
        """The token in the `Authorization` headers of a request (there should be one). Raises Refused.

        May wait for the issuer when its keys are not known yet: in coroutines use `admit_async`.
        """
        try:
            token = self._known(authorization)
            if token is None:
                token = finish(self.verifier.steps(self._shown(authorization, needs)))
            judge(token, needs, self._clock())
        except Refused as refused:
            raise self._noted(refused) from None
        return token

    async def admit_async(self, authorization: Sequence[str], needs: Requirement = ANY_TOKEN) -> AccessToken:
        """As `admit`, without holding up the event loop."""
        try:
            token = self._known(authorization)
            if token is None:
                token = await finish_async(self.verifier.steps(self._shown(authorization, needs)))
            judge(token, needs, self._clock())
        except Refused as refused:
            raise self._noted(refused) from None
        return token

    def demand(self, token: AccessToken, needs: Requirement) -> None:
        """What a token that was let in before must have besides. Raises Refused. Asks nobody."""
        try:
            judge(token, needs, self._clock())
        except Refused as refused:
            raise self._noted(refused) from None

    def refuse(self, refused: Refused) -> Answer:
        """The answer to a request that is not let in."""
        return refused.answer(self.resource.metadata_url)

    def metadata(self, method: str = "GET") -> Answer:
        """The API's own document (RFC 9728 §3.2), to be served at `resource.metadata_path` to anybody.

        Programs in browsers read it before they have a token, and some send headers of their own, for which the
        browser asks with OPTIONS first.
        """
        if method == "OPTIONS":
            preflight = (
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Methods", "GET, HEAD"),
                ("Access-Control-Allow-Headers", "*"),
                ("Access-Control-Max-Age", "3600"),
            )
            return Answer(204, preflight, b"")
        if method not in {"GET", "HEAD"}:
            return Answer(405, (("Allow", _ALLOWED),), b"")
        headers = (
            ("Content-Type", "application/json"),
            ("Cache-Control", "public, max-age=3600"),
            ("Access-Control-Allow-Origin", "*"),
        )
        return Answer(200, headers, json.dumps(self.resource.metadata()).encode())

    def _known(self, authorization: Sequence[str]) -> AccessToken | None:
        """The token, if it was found good before: then it need not be looked at for what a token may look like."""
        if len(authorization) == 1 and authorization[0].startswith("Bearer "):
            return self.verifier.known(authorization[0][7:])
        return None

    def _shown(self, authorization: Sequence[str], needs: Requirement) -> str:
        """RFC 6750 §2.1: the header, once. Tokens in a query or a body are not looked for (RFC 9700 §4.3.2)."""
        if len(authorization) > 1 or any("," in value and _JOINED.match(value) for value in authorization):
            raise Refused(InvalidRequest("There is more than one Authorization header."))
        try:
            token = bearer(authorization[0] if authorization else None)
        except InvalidToken as error:
            raise Refused(error) from None
        if token is None:
            raise Refused(None, scope=needs.scope_needed())
        return token.reveal()

    def _noted(self, refused: Refused) -> Refused:
        _log.info("refused: %s (%s)", refused, refused.reason or "-")
        return refused
