"""Mutants that judge wrongly: a row of the judging table is missing, or decides something else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from evergrant.app import wiring
from evergrant.core import access, grant, introspect
from evergrant.core.access import Access, Asked
from evergrant.core.decisions import Renew, Verdict
from evergrant.core.facts import EventKind, GrantState
from evergrant.core.grant import Case, Row
from evergrant.core.reasons import Reason
from evergrant.protocol.values import Millis
from evergrant.server.engine import live_access
from tests.torture.mutants.mutant import Mutant
from tests.torture.mutants.patching import Anything, default, swap


def _row(number: str, make: Callable[[Row], Row | None]) -> Callable[[], None]:
    """The table with that row made anew; None: without it."""

    def table(before: tuple[Row, ...]) -> tuple[Row, ...]:
        if number not in {row.number for row in before}:
            raise LookupError(f"there is no row {number}")
        made = [make(row) if row.number == number else row for row in before]
        return tuple(row for row in made if row is not None)

    return lambda: swap(grant, "TABLE", table)


def _decides(number: str, decide: Callable[[Case], Verdict]) -> Callable[[], None]:
    return _row(number, lambda row: row._replace(decide=decide))


def _reused(case: Case) -> Verdict:
    return grant.revoke(case, Reason.REUSED, EventKind.GRANT_REUSED)


def _replays_are_harmless() -> None:
    for number in ("9", "10"):
        _decides(number, lambda case: grant.refuse(case, Reason.REUSED))()


def _codes_are_redelivered() -> None:
    swap(grant, "_is_reuse", lambda before: lambda case: not case.is_code and before(case))
    # The table holds the function itself.
    _row("10", lambda row: row._replace(matches=lambda case: not case.is_code and row.matches(case)))()


def _nobody_is_ahead() -> None:
    ahead = _row("8", lambda row: row._replace(matches=lambda case: case.is_ahead or row.matches(case)))
    ahead()
    _decides("8", lambda case: grant.refuse(case, Reason.UNKNOWN))()


def _any_scope() -> None:
    def widened(before: Anything) -> Anything:
        def narrow(asked: Asked, granted: Any, *rest: Any) -> Access:
            wanted = granted if asked.scope is None else replace(granted, scope=asked.scope)
            found: Access = before(asked, wanted, *rest)
            return found

        return narrow

    swap(access, "narrow", widened)


def _all_scopes() -> None:
    def creeping(before: Anything) -> Anything:
        def narrow(asked: Asked, granted: Any, client: Any, *rest: Any) -> Access:
            found: Access = before(asked, granted, client, *rest)
            return found if asked.scope is not None else replace(found, scope=client.scope)

        return narrow

    swap(access, "narrow", creeping)


def _whole_seconds() -> None:
    default(wiring.application, "clock", lambda before: lambda: Millis(before() // 1000 * 1000))


def _ended_is_live(place: Anything) -> Callable[[], None]:
    """`place`: the module whose eyes are closed."""

    def alive(before: Anything) -> Anything:
        def is_live(facts: Any, *rest: Any) -> bool:
            if facts is None:
                return False
            as_if = replace(facts, grant=replace(facts.grant, state=GrantState.ACTIVE))
            return bool(before(as_if, *rest))

        return is_live

    return lambda: setattr(place, "is_live", alive(place.is_live))


def _spent_is_active() -> None:
    def forgiving(before: Anything) -> Anything:
        def introspect_refresh(presented: Any, facts: Any, *rest: Any) -> Any:
            shown = presented if facts is None else replace(presented, generation=facts.grant.generation)
            return before(shown, facts, *rest)

        return introspect_refresh

    swap(introspect, "introspect_refresh", forgiving)


JUDGING: Final = (
    Mutant(
        "anybody-may-refresh",
        "a token is taken from whichever client shows it",
        "I6",
        "everyday",
        _row("3", lambda _: None),
    ),
    Mutant(
        "a-stranger-ends",
        "a token shown by another client ends its grant",
        "I1",
        "everyday",
        _decides("3", lambda case: grant.revoke(case, Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT)),
    ),
    Mutant(
        "replays-are-harmless",
        "a replay is refused and the grant lives on",
        "I3",
        "replay",
        _replays_are_harmless,
    ),
    Mutant(
        "old-tokens-are-retries",
        "a token three or more generations behind is redelivered like a lost answer",
        "I4",
        "replay",
        _row("9", lambda _: None),
    ),
    Mutant(
        "retries-renew",
        "a retry is given one generation more instead of the same token again",
        "I2",
        "everyday",
        _decides("12", lambda case: Renew(case.grant.generation + 1, adopts=False, access=grant._access(case))),
    ),
    Mutant(
        "retries-are-theft",
        "a retry within the window is taken for a replay",
        "I5",
        "everyday",
        _decides("12", _reused),
    ),
    Mutant(
        "codes-are-redelivered",
        "a used code is answered once more, like a lost answer",
        "I8",
        "codes",
        _codes_are_redelivered,
    ),
    Mutant(
        "nobody-is-ahead",
        "a token that a fail-over forgot is refused instead of adopted",
        "I1",
        "forgetful",
        _nobody_is_ahead,
    ),
    Mutant("any-scope", "a refresh may ask for more than was granted", "I6", "everyday", _any_scope),
    Mutant("all-scopes", "a refresh brings whatever its client may have", "I9", "authority", _all_scopes),
    Mutant(
        "whole-seconds",
        "times are kept in whole seconds",
        "I4",
        "edge",
        _whole_seconds,
    ),
    Mutant(
        "ended-is-active",
        "introspection does not ask whether a grant was ended",
        "I3",
        "everyday",
        _ended_is_live(introspect),
    ),
    Mutant(
        "access-outlives-its-grant",
        "an access token is active although its grant was ended",
        "I3",
        "authority",
        _ended_is_live(live_access),
    ),
    Mutant(
        "spent-is-active",
        "introspection says of a spent token that it is active",
        "I4",
        "everyday",
        _spent_is_active,
    ),
)
