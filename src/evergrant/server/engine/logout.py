"""RP-initiated logout: reads the facts, asks `core.logout`, ends the session (RP-Initiated Logout 1.0 §2)."""

from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec

from evergrant.core.logout import (
    AskFirst,
    LeaveAtOnce,
    NobodyHere,
    ProvenReturn,
    client_of,
    decide,
    read,
)
from evergrant.core.policy import MINUTE
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.protocol import redirects
from evergrant.protocol.errors import InvalidRequest
from evergrant.protocol.forms import Form
from evergrant.protocol.values import ClientId
from evergrant.server.browser import Browser
from evergrant.server.call import Call
from evergrant.server.catalog import Catalog
from evergrant.server.engine.sessions import Sessions
from evergrant.server.id_token_hints import IdTokenHints
from evergrant.server.sealing import Sealer

LIFETIME: Final = 10 * MINUTE
EXPIRED: Final = "This page has expired, or was opened in another browser."


@dataclass(frozen=True, slots=True)
class Question:
    """What the confirmation page carries, sealed: whose session, asked when, and where to go afterwards."""

    asked_at: int
    sid: str
    client_id: str | None
    to: ProvenReturn | None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Ask the person. `logout` is the sealed field of the form."""

    logout: str = field(repr=False)
    username: str
    client_name: str | None
    to: ProvenReturn | None


@dataclass(frozen=True, slots=True)
class Left:
    """Nobody is signed in in this browser any more. `url`: the proven place to go, None: stay on our page."""

    url: str | None


@dataclass(frozen=True, slots=True)
class Stayed:
    """The person changed their mind."""


class Logout:
    """Logout requests of one realm. Every method may raise OAuthError (to be shown) and StoreUnavailable."""

    def __init__(
        self, *, catalog: Catalog, sessions: Sessions, hints: IdTokenHints, sealer: Sealer, clock: Clock
    ) -> None:
        self._catalog = catalog
        self._sessions = sessions
        self._hints = hints
        self._sealer = sealer
        self._clock = clock
        self._decoder = msgspec.msgpack.Decoder(Question)

    async def begin(self, call: Call, form: Form, browser: Browser) -> Confirm | Left:
        """A logout request; `browser` has its cookie, be it a moment old."""
        request = read(form)
        hint = None if request.id_token_hint is None else await self._hints.read(request.id_token_hint, self._clock())
        named = client_of(request, hint)
        client = None if named is None else await self._catalog.client(named)
        decision = decide(request, hint, client, await self._sessions.current(browser.session))
        match decision:
            case LeaveAtOnce(signed_in=who, to=to):
                await self._sessions.end(call, who, named)
                return Left(_address(to))
            case NobodyHere(to=to):
                return Left(_address(to))
            case AskFirst():
                return self._confirm(decision, browser)
            case _:
                assert_never(decision)

    async def answer(self, call: Call, sealed: str | None, decision: str | None, browser: Browser) -> Left | Stayed:
        """The posted confirmation: `sign-out` or `stay`."""
        question = self._open(sealed, browser)
        match decision:
            case "stay":
                return Stayed()
            case "sign-out":
                pass
            case _:
                raise InvalidRequest("The form has no decision.")
        who = await self._sessions.current(browser.session)
        # Another session than the one that was asked about is nobody's answer: the person is shown who it is first.
        if who is not None and who.session.sid != question.sid:
            raise InvalidRequest(EXPIRED, reason=Reason.GARBAGE)
        if who is not None:
            client_id = None if question.client_id is None else ClientId(question.client_id)
            await self._sessions.end(call, who, client_id)
        return Left(_address(question.to))

    def _confirm(self, ask: AskFirst, browser: Browser) -> Confirm:
        if browser.binding is None:
            raise LookupError("a browser gets its cookie before its first form")
        client_id = None if ask.client is None else ask.client.id
        question = Question(self._clock(), ask.signed_in.session.sid, client_id, ask.to)
        sealed = self._sealer.seal(msgspec.msgpack.encode(question), browser.binding)
        name = None if ask.client is None else ask.client.name
        return Confirm(sealed, ask.signed_in.subject.username, name, ask.to)

    def _open(self, sealed: str | None, browser: Browser) -> Question:
        binding = browser.binding
        plain = None if sealed is None or binding is None else self._sealer.open(sealed, binding)
        if plain is not None:
            try:
                question = self._decoder.decode(plain)
            except msgspec.DecodeError:
                raise InvalidRequest(EXPIRED, reason=Reason.GARBAGE) from None
            if self._clock() - question.asked_at <= LIFETIME:
                return question
        raise InvalidRequest(EXPIRED, reason=Reason.GARBAGE)


def _address(to: ProvenReturn | None) -> str | None:
    """Where to go, with `state` as it came (§3)."""
    if to is None or to.state is None:
        return None if to is None else to.uri
    return redirects.respond(to.uri, {"state": to.state})
