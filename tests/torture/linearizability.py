"""Whether the history of one grant can be explained: some order of its operations in which each was answered rightly.

The search of Wing and Gong, with Lowe's memory of what was tried. An operation takes effect between its begin and its
end. One whose outcome nobody knows may take effect at any time after its begin, or never; it is tried only where that
would change something. Grants are independent, so each is searched alone.

A step is remembered by what is done of the known operations and by the state: of those whose outcome is unknown none
can change the same state twice, so it does not matter which of them did.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from tests.torture.ledger import FOREVER, Asked, Kind, Micros, Opened, Operation
from tests.torture.specification import INVALID_GRANT, State, after, beginning, effects

MOST_STEPS = 300_000


class TooManyOrders(Exception):
    """The search gave up: nothing is known of that history."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    """No order explains it. `operation` had to come next in `state`, the furthest that any order came."""

    operation: Operation
    state: State
    invariant: str
    words: str


@dataclass(frozen=True, slots=True)
class _Step:
    """How far an order has come: which known operations are done, as bits, and the state they left."""

    done: int
    state: State


def explain(history: Sequence[Operation], opened: Opened, *, skew: int = 0) -> Unexplained | None:
    """None: it can be explained. `skew`: how far ahead a server's clock ever was, in microseconds.

    Raises TooManyOrders.
    """
    why = _Search(history, opened, skew).run()
    if why is None or why.invariant == "I6":
        return why
    # What ought to change nothing is told by what comes after it: would all be right if it had changed something?
    guilty = [_as_if_it_had_effects(one) for one in history]
    if guilty != list(history) and _Search(guilty, opened, skew).run() is None:
        return replace(why, invariant="I6", words=f"something that had to fail had an effect; {why.words}")
    return why


def _as_if_it_had_effects(one: Operation) -> Operation:
    if not (one.asked.stranger or one.asked.too_wide) or not one.is_known:
        return one
    return replace(one, asked=replace(one.asked, stranger=False, too_wide=False), told=None)


class _Search:
    def __init__(self, history: Sequence[Operation], opened: Opened, skew: int) -> None:
        self._known = sorted((one for one in history if one.is_known), key=lambda one: one.begin)
        self._unknown = sorted(_alike(one for one in history if not one.is_known), key=lambda one: one.begin)
        self._opened = opened
        self._skew = skew

    def run(self) -> Unexplained | None:
        everything = (1 << len(self._known)) - 1
        start = _Step(0, beginning(self._opened))
        ahead, seen, furthest = [start], {start}, start
        while ahead:
            step = ahead.pop()
            if step.done == everything:
                return None
            if step.done.bit_count() >= furthest.done.bit_count():
                furthest = step
            # The last one that is put there is tried first: known operations before unknown ones, early before late.
            for following in reversed(list(self._following(step))):
                if following not in seen:
                    seen.add(following)
                    ahead.append(following)
            if len(seen) > MOST_STEPS:
                raise TooManyOrders(f"grant {self._opened.grant}: {len(self._known)} operations")
        return self._complaint(furthest)

    def _following(self, step: _Step) -> Iterator[_Step]:
        candidates, first_end = self._next(step.done)
        for place, operation in candidates:
            for state in after(step.state, operation, self._opened):
                yield _Step(step.done | 1 << place, state)
        for operation in self._unknown:
            if operation.begin > first_end:
                return
            # It takes effect here, and so before that end, whenever its outcome would have been told.
            by_then = replace(operation, latest=min(operation.latest, Micros(first_end + self._skew)))
            for state in after(step.state, by_then, self._opened):
                yield _Step(step.done, state)

    def _next(self, done: int) -> tuple[list[tuple[int, Operation]], int]:
        """The known operations that may come next, and when the first of them ended: nothing that began later may."""
        first = (~done & (done + 1)).bit_length() - 1  # all before the lowest bit that is not set are done
        found: list[tuple[int, Operation]] = []
        end: int = FOREVER
        for place in range(first, len(self._known)):
            operation = self._known[place]
            if operation.begin > end:
                break
            if not done >> place & 1:
                found.append((place, operation))
                end = min(end, operation.end)
        return [one for one in found if one[1].begin <= end], end

    def _complaint(self, step: _Step) -> Unexplained:
        candidates, _ = self._next(step.done)
        operation = min((one for _, one in candidates), key=lambda one: one.end)
        invariant, words = complaint(step.state, operation, self._opened)
        return Unexplained(operation, step.state, invariant, words)


def _alike(unknown: Iterable[Operation]) -> Iterator[Operation]:
    """One for all that ask the same: it may take effect whenever any of them may."""

    def signature(one: Operation) -> Asked:
        return replace(one.asked, server=0, replay=False)

    for _, group in groupby(sorted(unknown, key=lambda one: repr(signature(one))), key=signature):
        same = list(group)
        first = min(same, key=lambda one: one.begin)
        earliest, latest = min(one.earliest for one in same), max(one.latest for one in same)
        yield replace(first, earliest=earliest, latest=latest)


def complaint(state: State, operation: Operation, opened: Opened) -> tuple[str, str]:
    """Which invariant such an answer breaks, and how."""
    asked, told = operation.asked, operation.told
    wanted = [answer for answer, _ in effects(state, operation, opened)]
    shown = f"{asked.kind} of generation {asked.generation} at {state.generation}{', ended' if state.ended else ''}"
    words = f"{shown}: told {told}, not {wanted}"
    if told is None or told.status not in (200, 400) or told.error not in (None, "invalid_grant", "invalid_scope"):
        return "I11", words
    succeeded = told.generation is not None or told.active is True
    if asked.kind is Kind.LOOK:
        return ("I3" if state.ended and succeeded and told.active else "I12"), words
    if asked.stranger or (asked.too_wide and succeeded):
        return "I6", words
    if state.ended and succeeded:
        return "I3", words
    if asked.kind is Kind.EXCHANGE:
        return ("I8" if succeeded else "I5"), words
    if succeeded:
        spent = INVALID_GRANT in wanted or asked.kind is Kind.INTROSPECT
        return ("I4" if spent else "I2"), words
    return ("I1" if asked.generation >= state.generation else "I5"), words
