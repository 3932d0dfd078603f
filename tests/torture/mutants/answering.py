"""Mutants that answer wrongly: what they say is not what they did."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from evergrant.core.credential import SECRET_SIZE, Kind
from evergrant.core.ports.ledger import Done
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.protocol.errors import InvalidGrant
from evergrant.server.engine.issuing import Issuing
from evergrant.server.engine.revocation import TokenRevocation
from evergrant.server.engine.tokens import Tokens
from evergrant.server.http import answering
from evergrant.store.schema import grants
from evergrant.store.sql.realm_store import SqlGrants
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.patching import Anything, swap


def _siblings() -> None:
    def another(before: Anything) -> Anything:
        async def redeliver(self: Any, decision: Any, at: Any) -> Any:
            answer, grant = await before(self, decision, at), at.grant
            sealed = self._credentials.seal(
                Kind.REFRESH, grant.key_id, grant.id, os.urandom(SECRET_SIZE), grant.generation
            )
            return None if answer is None else replace(answer, refresh_token=sealed)

        return redeliver

    swap(Issuing, "redeliver", another)


def _moving_window() -> None:
    def moving(before: Anything) -> Anything:
        async def redeliver(self: Any, decision: Any, at: Any) -> Any:
            def move(connection: Any, *_: Any) -> None:
                this = grants.update().where(grants.c.id == at.grant.id)
                now = at.setting.now
                connection.execute(this.values(renewed_at=now, previous_renewed_at=now))

            await self._ledger._run.commit(move)
            return await before(self, decision, at)

        return redeliver

    swap(Issuing, "redeliver", moving)


def _trouble_is_success() -> None:
    def cheerful(before: Anything) -> Anything:
        async def renew(self: Any, renewal: Any, /, *, events: Any) -> Any:
            try:
                return await before(self, renewal, events=events)
            except StoreUnavailable:
                return Done()

        return renew

    swap(SqlGrants, "renew", cheerful)


def _trouble_is(error: Exception) -> Callable[[], None]:
    def otherwise(before: Anything) -> Anything:
        async def answer(self: Any, *request: Any) -> Any:
            try:
                return await before(self, *request)
            except StoreUnavailable:
                raise error from None

        return answer

    return lambda: swap(Tokens, "answer", otherwise)


def _no_time_to_wait() -> None:
    def silent(before: Anything) -> Anything:
        def headers(*error: Any) -> dict[str, str]:
            return {name: value for name, value in before(*error).items() if name != "Retry-After"}

        return headers

    swap(answering, "_headers", silent)


def _tokens_in_the_log() -> None:
    def talkative(before: Anything) -> Anything:
        async def answer(self: Any, call: Any, client: Any, form: Any) -> Any:
            # The product's own log would black it out.
            sys.stdout.write(f"{form.fields}\n")
            return await before(self, call, client, form)

        return answer

    swap(Tokens, "answer", talkative)


def _revokes_nothing() -> None:
    def idle(_: Anything) -> Anything:
        async def revoke(*_: Any) -> None:
            return None

        return revoke

    swap(TokenRevocation, "revoke", idle)


ANSWERING: Final = (
    Mutant("siblings", "a retry is given another text of the current generation", "I2", "everyday", _siblings),
    Mutant("moving-window", "each retry begins the retry window anew", "I4", "window", _moving_window),
    Mutant("trouble-is-success", "a renewal that the store refused is answered", "I1", "refusing", _trouble_is_success),
    Mutant(
        "trouble-is-invalid-grant",
        "a store that is away is told as invalid_grant",
        "I11",
        "refusing",
        _trouble_is(InvalidGrant("The refresh token is invalid, expired or revoked.")),
    ),
    Mutant(
        "trouble-is-a-bug", "a store that is away is told as 500", "I11", "refusing", _trouble_is(RuntimeError("bug"))
    ),
    Mutant("no-time-to-wait", "503 does not say when to come again", "I11", "refusing", _no_time_to_wait),
    Mutant("tokens-in-the-log", "what was asked is printed, tokens and all", "I7", "everyday", _tokens_in_the_log),
    Mutant("revokes-nothing", "a revocation is answered and not carried out", "I3", "everyday", _revokes_nothing),
)
