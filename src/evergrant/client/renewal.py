"""One renewal of a session, under its lock, as a machine without I/O.

Whoever drives it does what `next_step` says, tells what came of it by `absorb`, and stops at `Done` or `Failed`. Every
order in which answers can be lost, processes can meet and vaults can fail is so a test that needs neither.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar, assert_never

from evergrant.client.errors import (
    ClientError,
    IssuerUnavailable,
    ProtocolError,
    RefreshUnavailable,
    Refused,
    SignInReason,
    SignInRequired,
)
from evergrant.client.exchange import Answer, Request, Tokens, check_available, read_tokens
from evergrant.client.id_token import UnbelievedIdToken, check_id_token, check_same_person
from evergrant.client.keeper import Keeper, Newer, Pause, Renew, SignIn, Use, UseMeanwhile, Wanted
from evergrant.client.tokens import TokenSet
from evergrant.client.ways import check_whose, token_set
from evergrant.jose.errors import JoseReason
from evergrant.jose.keys import PublicKey
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis


@dataclass(frozen=True, slots=True)
class Load:
    """Read what the vault holds."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this to the token endpoint."""

    request: Request


@dataclass(frozen=True, slots=True)
class FindKeys:
    """Find the issuer's keys, with the one that signed this ID token if it is among them."""

    id_token: Secret


@dataclass(frozen=True, slots=True)
class Save:
    """Write these to the vault."""

    tokens: TokenSet


@dataclass(frozen=True, slots=True)
class Done:
    """These are the tokens, and the vault holds them."""

    tokens: TokenSet


@dataclass(frozen=True, slots=True)
class Unsaved:
    """Tokens that the vault could not be given, and what it held instead."""

    tokens: TokenSet
    instead_of: TokenSet | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there are none, what the vault holds now, and what it should hold."""

    error: ClientError
    held: TokenSet | None
    unsaved: Unsaved | None = None


Step = Load | Send | FindKeys | Save | Done | Failed


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the vault holds, and when it was read."""

    tokens: TokenSet | None
    now: Millis


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer came."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Lost:
    """The request may have arrived, and no whole answer came."""

    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The issuer was not reached."""

    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """The issuer's keys; None if they cannot be had now."""

    keys: Mapping[str, PublicKey] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Saved:
    """It is written."""


@dataclass(frozen=True, slots=True)
class NotSaved:
    """It is not."""

    why: str


Outcome = Loaded | Answered | Lost | NotSent | Found | Saved | NotSaved

T = TypeVar("T")
_Walk = Generator[Step, Outcome, T]


class Renewal:
    """One renewal. `unsaved` are tokens of an earlier one that the vault could not be given; they go first."""

    def __init__(self, keeper: Keeper, wanted: Wanted, unsaved: Unsaved | None = None) -> None:
        self._keeper = keeper
        self._wanted = wanted
        self._unsaved = unsaved
        self._held: TokenSet | None = None
        # What this renewal wrote, for a vault that finds out too late that it could not.
        self.saved: Unsaved | None = None
        self._walk = self._steps()
        self.next_step: Step = next(self._walk)

    def absorb(self, outcome: Outcome) -> None:
        """Go on. Raises TypeError for what is no outcome of this step."""
        self.next_step = self._walk.send(outcome)

    def _steps(self) -> Generator[Step, Outcome, None]:
        try:
            tokens = yield from self._renew()
        except _SaveFailed as failure:
            yield Failed(RefreshUnavailable(f"the new tokens are not saved: {failure}"), self._held, failure.unsaved)
        except ClientError as error:
            yield Failed(error, self._held)
        else:
            yield Done(tokens)

    def _renew(self) -> _Walk[TokenSet]:
        now = yield from self._load()
        if self._unsaved is not None:
            yield from self._save_late(self._unsaved)
        good = self._judge(now)
        if good is not None:
            return good
        try:
            answer, tokens = yield from self._ask(self._keeper.way.request(self._held))
        except Refused as refused:
            if not self._keeper.way.ends(refused):
                raise
            return (yield from self._end(refused))
        renewed = token_set(
            tokens,
            provider=self._keeper.way.provider,
            client=self._keeper.way.client,
            sent_at=answer.sent_at,
            before=self._held,
        )
        if tokens.id_token is not None:
            renewed = yield from self._believe(renewed, tokens.id_token)
        # Before anybody uses them: a crash after the first use would leave a session that nobody can renew.
        yield from self._save_good(renewed)
        return renewed

    def _judge(self, now: Millis) -> TokenSet | None:
        """What is held, if that will do: somebody else may have renewed while we waited for the lock."""
        decision = self._keeper.decide(self._held, self._wanted, now)
        match decision:
            case Use(tokens=tokens):
                return tokens
            case UseMeanwhile(tokens=tokens):
                return tokens if isinstance(self._wanted, Newer) else None
            case SignIn(reason=reason):
                raise SignInRequired(reason)
            case Renew() | Pause():
                return None
            case _:
                assert_never(decision)

    def _ask(self, request: Request) -> _Walk[tuple[Answer, Tokens]]:
        """Send it, and once more if the answer is lost.

        The issuer may have renewed and the session then hangs on the answer. Ours gives the same successor again; from
        one that does not nothing is lost that was not lost already.
        """
        problem: ClientError = RefreshUnavailable("the issuer was not asked")
        for _ in range(2):
            outcome = yield Send(request)
            match outcome:
                case Answered(answer=answer):
                    try:
                        return answer, _read(answer)
                    except _Unreadable as unreadable:
                        problem = ProtocolError(str(unreadable))
                case Lost(why=why):
                    problem = RefreshUnavailable(why)
                case NotSent(why=why):
                    raise RefreshUnavailable(why)
                case _:
                    raise TypeError(f"{outcome!r} is no outcome of sending")
        raise problem

    def _end(self, refused: Refused) -> _Walk[TokenSet]:
        """The issuer calls the refresh token invalid. It is not if somebody without our lock has renewed meanwhile."""
        sent = self._held
        now = yield from self._load()
        if sent is None or self._held is None or self._held.refresh_token != sent.refresh_token:
            good = self._judge(now)
            if good is None:
                raise RefreshUnavailable("somebody else has just renewed")
            return good
        over = replace(sent, refresh_token=None, ended=refused.error, revision=sent.revision + 1)
        try:
            yield from self._save(over)
        except _SaveFailed:
            # The next one to try will be told the same by the issuer.
            self._held = over
        raise SignInRequired(SignInReason.ENDED, refused.correlation_id)

    def _believe(self, renewed: TokenSet, id_token: Secret) -> _Walk[TokenSet]:
        """With the new ID token if it can be checked, with the old one if it cannot be now. OpenID Connect Core §12.2.

        Raises UnbelievedIdToken if it is about somebody else or forged: the access token beside it is not used either.
        """
        outcome = yield FindKeys(id_token)
        if not isinstance(outcome, Found):
            raise TypeError(f"{outcome!r} is no outcome of looking for keys")
        before = self._held.id_token if self._held is not None else None
        if outcome.keys is None:
            return replace(renewed, id_token=before)
        try:
            claims = check_id_token(
                id_token,
                provider=self._keeper.way.provider,
                client_id=self._keeper.way.client.client_id,
                keys=outcome.keys,
                access_token=renewed.access_token,
                nonce=None,
                now_s=renewed.obtained_at // 1000,
            )
        except UnbelievedIdToken as problem:
            # A clock that is wrong here, or a key that is not published yet, is no reason to lose a session.
            if problem.reason not in (JoseReason.UNKNOWN_KEY, JoseReason.NOT_YET_VALID, JoseReason.EXPIRED):
                raise
            return replace(renewed, id_token=before)
        check_same_person(claims, renewed.subject)
        return replace(renewed, subject=claims.subject)

    def _load(self) -> _Walk[Millis]:
        outcome = yield Load()
        if not isinstance(outcome, Loaded):
            raise TypeError(f"{outcome!r} is no outcome of loading")
        check_whose(outcome.tokens, self._keeper.way)
        self._held = outcome.tokens
        return outcome.now

    def _save_good(self, tokens: TokenSet) -> _Walk[None]:
        before = self._held
        yield from self._save(tokens)
        self.saved = Unsaved(tokens, before)

    def _save(self, tokens: TokenSet) -> _Walk[None]:
        outcome = yield Save(tokens)
        match outcome:
            case Saved():
                self._held = tokens
            case NotSaved(why=why):
                raise _SaveFailed(why, Unsaved(tokens, self._held))
            case _:
                raise TypeError(f"{outcome!r} is no outcome of saving")

    def _save_late(self, unsaved: Unsaved) -> _Walk[None]:
        """Give the vault what it could not be given before, unless the session has gone on, is gone, or is another.

        One that was ended meanwhile is the same one still: somebody was refused with the token that ours has replaced.
        """
        held, before = self._held, unsaved.instead_of
        if held is None or before is None or held.access_token != before.access_token:
            return
        yield from self._save_good(replace(unsaved.tokens, revision=held.revision + 1))


class _SaveFailed(Exception):
    def __init__(self, why: str, unsaved: Unsaved) -> None:
        super().__init__(why)
        self.unsaved = unsaved


class _Unreadable(Exception):
    pass


def _read(answer: Answer) -> Tokens:
    """Raises RefreshUnavailable, Refused, ProtocolError; _Unreadable for a success that cannot be read."""
    try:
        check_available(answer)
        return read_tokens(answer.status, answer.body)
    except IssuerUnavailable as unavailable:
        raise RefreshUnavailable(unavailable.why, unavailable.retry_after_s) from None
    except ProtocolError as problem:
        if answer.status == 200:
            raise _Unreadable(str(problem)) from None
        raise
