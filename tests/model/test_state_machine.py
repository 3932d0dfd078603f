"""Hypothesis drives one grant through anything that may happen, on every store, beside a small model of it.

The invariants of the design: 1 one successor, 2 nothing after a revocation, 3 nothing grows, 4 the newest token works,
5 only some refusals change a grant, 6 one row, 7 no token in the log.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Final, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evergrant.core.facts import Caller, Grant, GrantState
from evergrant.core.policy import DAY, MINUTE, SECOND
from evergrant.core.reasons import Reason
from evergrant.protocol.secret import Secret
from tests.model.expectation import Expectation
from tests.replies import Reply
from tests.support.stores import KINDS, opener
from tests.world import ELSEWHERE, HOME, VERIFIER, World

T = TypeVar("T")

SCOPE: Final = "offline_access a b"
EDGES: Final = [0, 20 * SECOND, 30 * SECOND, MINUTE - 1, MINUTE, MINUTE + 1, -MINUTE]
SHORT: Final = [1, SECOND, 20 * SECOND, MINUTE, MINUTE + 1, -1, -30 * SECOND]
LONG: Final = [DAY, 5 * DAY, 14 * DAY, 50 * DAY, -3 * DAY]
CHANGING: Final = {Reason.IDLE, Reason.REUSED, Reason.RETRY_STREAK}
EXAMPLES: Final = {"memory": 150, "sqlite": 25, "postgresql": 25}
_people = count(1)

callers = st.sampled_from([HOME, ELSEWHERE])
BACK: Final = st.sampled_from([0, 0, 0, 1, 1, 1, 2, 2, 3, 4])
TOO_WIDE: Final = "a b c"
SCOPES: Final = st.sampled_from([None, None, None, "a", TOO_WIDE])


class LifeOfAGrant(RuleBasedStateMachine):
    """One grant of a user of its own. `world` and `run` are given by the test."""

    def __init__(self, world: World, runner: asyncio.Runner) -> None:
        super().__init__()
        self.world = world
        self.runner = runner
        self.user = f"person{next(_people)}"
        self.quiet_for = 0
        self.texts: dict[int, Secret] = {}

    # --- how it begins ------------------------------------------------------------------

    @initialize(
        client=st.sampled_from(["web", "service", "other"]),
        quiet_for=st.sampled_from([0, 10, 20, 30]),
        used=st.sampled_from([True, True, True, False]),
    )
    def approve(self, client: str, quiet_for: int, used: bool) -> None:
        """`web` is public, `service` confidential, and `other` keeps its tokens.

        For so many steps nobody ends the grant on purpose: what is over at once has no life to be watched.
        """
        self.client, self.quiet_for = client, quiet_for
        self.do(self.world.add_person(self.user))
        self.code = self.do(self.world.approve(SCOPE, client, user=self.user))
        self.expected = Expectation(self.now, keeps=client == "other", suspects=client != "service")
        first = self.row()
        assert first is not None
        self.first = first
        if used:
            self.exchange(HOME, proven=True)

    # --- what may happen ------------------------------------------------------------------

    @precondition(lambda self: not self.texts or self.quiet_for < 0)
    @rule(caller=callers, proven=st.sampled_from([True, True, False]))
    def show_the_code(self, caller: Caller, proven: bool) -> None:
        self.exchange(caller, proven=proven)

    def exchange(self, caller: Caller, *, proven: bool) -> None:
        verifier = VERIFIER if proven else "w" * 43
        reply = self.do(self.world.exchange(self.code, self.client, verifier=verifier, caller=caller))
        why = self.expected.exchange(self.now, caller, proven=proven)
        assert reply.reason == why
        if why is None:
            self.remember(1, reply)

    @precondition(lambda self: self.texts)
    @rule(shows=st.lists(st.tuples(BACK, callers, SCOPES), min_size=1, max_size=8))
    def refresh(self, shows: list[tuple[int, Caller, str | None]]) -> None:
        """By a client or a thief, with the newest token or one before it: that is what lost answers lead to."""
        for back, caller, scope in shows:
            self.show(self.known(back), caller, scope)

    @precondition(lambda self: self.texts and self.expected.ended_at is None)
    @rule(steps=st.integers(1, 7), behind=st.integers(1, 2))
    def follow_the_victim(self, steps: int, behind: int) -> None:
        """A thief shows the spent token each time, from his own network."""
        for _ in range(steps):
            self.show(self.known(0), HOME)
            self.show(self.known(behind), ELSEWHERE)

    @precondition(lambda self: self.texts and self.expected.ended_at is None)
    @rule(renewals=st.integers(1, 3), between=st.sampled_from(EDGES), waited=st.sampled_from(EDGES))
    def retry_late(self, renewals: int, between: int, waited: int) -> None:
        """The newest token is renewed up to three times, and shown again after that."""
        shown = self.known(0)
        for _ in range(renewals):
            self.show(self.known(0), HOME)
            self.world.advance(between)
        self.world.advance(waited)
        self.show(shown, HOME)

    def show(self, shown: int, caller: Caller, scope: str | None = None) -> None:
        before = self.row()
        reply = self.do(self.world.refresh(self.texts[shown], self.client, scope=scope, caller=caller))
        awaited = self.expected.refresh(shown, self.now, caller, too_wide=scope == TOO_WIDE)
        if isinstance(awaited, Reason):
            assert reply.reason == awaited
            assert awaited in CHANGING or self.row() == before  # invariant 5
        else:
            assert reply.scope == (scope or SCOPE)
            self.remember(awaited, reply)

    @precondition(lambda self: self.texts)
    @rule(caller=callers)
    def refresh_with_the_newest(self, caller: Caller) -> None:
        """Invariant 4: within its lifetime it works, whatever happened before."""
        newest = max(self.texts)
        alive = self.expected.ended_at is None and not self.expected.gone
        awaited = self.expected.refresh(newest, self.now, caller, too_wide=False)
        reply = self.do(self.world.refresh(self.texts[newest], self.client, caller=caller))
        if alive and awaited not in (Reason.EXPIRED, Reason.IDLE):
            self.remember(newest if self.expected.keeps else newest + 1, reply)
        else:
            assert reply.reason == awaited

    @precondition(lambda self: self.texts)
    @rule(back=BACK)
    def lose_the_outcome(self, back: int) -> None:
        """The store commits, and its answer is lost: 503, and the retry converges."""
        shown = self.known(back)
        with self.world.gate.losing("renew"):
            reply = self.do(self.world.refresh(self.texts[shown], self.client))
        before = self.expected.row
        awaited = self.expected.refresh(shown, self.now, HOME, too_wide=False)
        if reply.reason is Reason.STORE_DOWN:
            assert self.expected.row != before
            assert not isinstance(awaited, Reason)
        elif isinstance(awaited, Reason):
            assert reply.reason == awaited
        else:
            self.remember(awaited, reply)

    @precondition(lambda self: self.texts)
    @rule(back=BACK, client=st.sampled_from(["web", "service", "other"]))
    def show_it_to_the_wrong_client(self, back: int, client: str) -> None:
        if client == self.client:
            return
        before = self.row()
        shown = self.known(back)
        reply = self.do(self.world.refresh(self.texts[shown], client))
        assert reply.reason is (Reason.UNKNOWN if self.expected.gone else Reason.OTHER_CLIENT)
        assert self.row() == before

    @rule(ms=st.sampled_from(SHORT))
    def let_time_pass(self, ms: int) -> None:
        """Or set the clock back."""
        self.world.advance(ms)

    @precondition(lambda self: self.quiet_for < 0)
    @rule(ms=st.sampled_from(LONG))
    def let_days_pass(self, ms: int) -> None:
        self.world.advance(ms)

    @rule()
    def restart(self) -> None:
        self.do(self.world.restart())

    @precondition(lambda self: self.texts and self.expected.ended_at is None and not self.expected.gone)
    @rule(renewals=st.integers(1, 3), between=st.sampled_from([0, 20 * SECOND, 5 * DAY, 13 * DAY]), back=BACK)
    def fail_over(self, renewals: int, between: int, back: int) -> None:
        """Some renewals are lost: the row is what it was. Exchanges and endings are not: they are durable."""
        row, then = self.row(), self.expected.row
        assert row is not None
        for _ in range(renewals):
            self.world.advance(between)
            self.show(self.known(0), HOME)
        if self.expected.ended_at is None:
            self.world.roll_back(row)
            self.expected.row = then
        self.show(self.known(back), HOME)

    @precondition(lambda self: self.texts and self.quiet_for < 0)
    @rule(back=BACK)
    def revoke(self, back: int) -> None:
        shown = self.known(back)
        self.do(self.world.revoke(self.texts[shown], self.client))
        self.expected.end(self.now)

    @rule()
    def reap(self) -> None:
        self.do(self.world.reap())
        if self.row() is None and not self.expected.gone:
            assert self.expected.is_over(self.now)
            self.expected.gone = True

    # --- what is always so ------------------------------------------------------------------

    @invariant()
    def nothing_grows(self) -> None:
        """Invariants 2, 3 and 6."""
        self.quiet_for -= 1
        row = self.row()
        assert (row is None) is self.expected.gone
        if row is None:
            return
        assert (row.state is GrantState.REVOKED) is (self.expected.ended_at is not None)
        fixed = ("scope", "resources", "subject", "client_id", "binding", "auth_time", "granted_at", "offline")
        assert [getattr(row, name) for name in fixed] == [getattr(self.first, name) for name in fixed]
        if self.expected.row is not None:
            assert row.expires_at == self.first.granted_at + 90 * DAY
            assert (row.generation, row.retries) == (self.expected.row.generation, self.expected.row.bits)

    def teardown(self) -> None:
        """Invariant 7: nothing that was ever handed out is in the log."""
        log = self.world.log.getvalue()
        assert not [text for text in (*self.texts.values(),) if text.reveal() in log]
        self.world.log.truncate(0)
        self.world.log.seek(0)

    # --- words --------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.world.clock()

    def do(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def known(self, back: int) -> int:
        """The generation that was signed so many before the newest."""
        return sorted(self.texts)[-1 - min(back, len(self.texts) - 1)]

    def row(self) -> Grant | None:
        found = self.do(self.world.grants(self.user))
        assert len(found) <= 1
        return found[0] if found else None

    def remember(self, generation: int, reply: Reply) -> None:
        """Invariant 1: every generation has one text, whoever gets it, however often."""
        text = reply.refresh_token
        assert self.world.generation(text) == generation
        assert self.texts.setdefault(generation, text) == text


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which store."""
    return str(request.param)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """The machine's own event loop: its rules are no coroutines."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture
def quiet_world(kind: str, runner: asyncio.Runner, request: pytest.FixtureRequest) -> Iterator[World]:
    """A world in which client `other` keeps its tokens."""
    world = runner.run(World.begin(opener(kind, request)))
    runner.run(world.set_policy("other", renew="never"))
    yield world
    runner.run(world.close())


def test_a_grant_lives_as_the_model_says_whatever_happens(
    kind: str, quiet_world: World, runner: asyncio.Runner
) -> None:
    class Here(LifeOfAGrant):
        def __init__(self) -> None:
            super().__init__(quiet_world, runner)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES[kind],
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
