"""What may happen to one grant, as clients can see it: the specification that histories are held against.

Written from the design alone. `after` is a relation: a request whose outcome nobody knows, or that came when a clock
was between two readings, may leave a grant in more than one state.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tests.torture.ledger import FOREVER, Kind, Micros, Opened, Operation, Told

REACH: Final = 2
"""How many generations behind a retry may be."""

ROUNDING: Final = 2_000
"""Servers count in milliseconds: two of their times may be so many microseconds further apart, or nearer, than true."""

OPENING: Final = 10_000_000
"""Microseconds that may pass between a grant's row and the client that is given it."""


@dataclass(frozen=True, slots=True)
class Span:
    """When something happened by the server's clock: not before, not after."""

    earliest: Micros
    latest: Micros


@dataclass(frozen=True, slots=True)
class State:
    """A grant. `renewed`, `previous`: when its generation, and the one before, became current."""

    generation: int
    renewed: Span
    previous: Span
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client may be told. `generation`: of the refresh token that it brings."""

    status: int
    error: str | None = None
    generation: int | None = None
    active: bool | None = None

    def is_what(self, told: Told) -> bool:
        """Whether that is this answer."""
        return (told.status, told.error, told.generation, told.active) == (
            self.status,
            self.error,
            self.generation,
            self.active,
        )


INVALID_GRANT: Final = Answer(400, "invalid_grant")
INVALID_SCOPE: Final = Answer(400, "invalid_scope")
DONE: Final = Answer(200)

Effects = Iterator[tuple[Answer, State]]


def beginning(opened: Opened) -> State:
    """A grant as its client is given it."""
    then = Span(Micros(opened.at - OPENING), opened.at)
    return State(opened.generation, then, then)


def after(state: State, operation: Operation, opened: Opened) -> list[State]:
    """The states that the operation may leave; none, if it cannot have been told what it was told.

    Of an operation whose outcome nobody knows, only those states in which it changed something.
    """
    told = operation.told
    found = effects(state, operation, opened)
    if told is None or not operation.is_known:
        return [left for _, left in found if left != state]
    return [left for answer, left in found if answer.is_what(told)]


def effects(state: State, operation: Operation, opened: Opened) -> Effects:
    """Every answer that is right, and the state that it leaves."""
    match operation.asked.kind:
        case Kind.EXCHANGE:
            yield from _exchange(state, operation, opened)
        case Kind.REFRESH:
            yield from _refresh(state, operation, opened)
        case Kind.REVOKE:
            yield DONE, (state if operation.asked.stranger else replace(state, ended=True))
        case Kind.INTROSPECT:
            current = not state.ended and operation.asked.generation == state.generation
            yield Answer(200, active=current and not operation.asked.stranger), state
        case Kind.FORGET:
            whenever = Span(Micros(0), FOREVER)
            for generation in range(min(1, state.generation), state.generation + 1):
                for ended in {state.ended, False}:
                    yield DONE, State(generation, whenever, whenever, ended)
        case Kind.LOOK:
            yield Answer(200, generation=state.generation, active=not state.ended), state


def _exchange(state: State, operation: Operation, opened: Opened) -> Effects:
    if operation.asked.stranger or state.ended:
        yield INVALID_GRANT, state
    elif state.generation > 0:
        yield INVALID_GRANT, replace(state, ended=True)
    else:
        most, least = _age(state.renewed, operation)
        if most > opened.code_lifetime:
            yield INVALID_GRANT, state
        if least <= opened.code_lifetime:
            yield Answer(200, generation=1), _renewed(state, 1, operation)


def _refresh(state: State, operation: Operation, opened: Opened) -> Effects:
    asked = operation.asked
    behind = state.generation - asked.generation
    if asked.stranger or state.ended:
        yield INVALID_GRANT, state
        return
    if behind > 0:
        most, least = _age(state.renewed if behind == 1 else state.previous, operation)
        late = behind > REACH or opened.window == 0
        if late or most > opened.window:
            yield INVALID_GRANT, replace(state, ended=True)
        if late or least > opened.window:
            return
    if asked.too_wide:
        yield INVALID_SCOPE, state
    elif behind > 0:
        yield Answer(200, generation=state.generation), state
    else:
        # Ahead of the state only after a fail-over that forgot: adopted (row 8).
        following = asked.generation + 1
        yield Answer(200, generation=following), _renewed(state, following, operation)


def _renewed(state: State, generation: int, operation: Operation) -> State:
    then = Span(operation.earliest, operation.latest)
    return State(generation, then, state.renewed if generation == state.generation + 1 else then)


def _age(then: Span, operation: Operation) -> tuple[int, int]:
    """The most and the least that may have passed by the server's clock; never negative, as the design has it."""
    most, least = operation.latest - then.earliest + ROUNDING, operation.earliest - then.latest - ROUNDING
    return max(0, most), max(0, least)
