"""The checker itself: it explains every history that can have been, and refuses every other for the right reason."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.core.reasons import Reason
from tests.model.expectation import Expectation
from tests.torture.ledger import FOREVER, Asked, Kind, Ledger, Micros, Operation, Told
from tests.torture.linearizability import explain
from tests.torture.telling import SECOND, Story
from tests.torture.verdict import judge
from tests.world import HOME

GRANT = "invalid_grant"
BUSY = "temporarily_unavailable"

GOOD = {
    "renewals one after another": Story().refresh(1, 2).refresh(2, 3).refresh(3, 4).look(4),
    "copies at the same moment": Story().refresh(1, 2, 1).refresh(1, 2, 1).refresh(1, 2, 1).look(2),
    "copies, one of which is overtaken by a renewal": Story()
    .refresh(1, 2, 1)
    .refresh(1, 3, 1, lasts=2)
    .refresh(2, 3, 1.2),
    "a lost answer, and the retry": Story().refresh(1, None, 1).refresh(1, 2, 2).refresh(2, 3),
    "a lost request, and the retry": Story().refresh(1, None, 1).refresh(1, 2, 2).look(2),
    "a retry two behind": Story().refresh(1, 2).refresh(2, 3).refresh(1, 3).look(3),
    "503, and it was done all the same": Story().refresh(1, BUSY, 1).refresh(1, 2, 2).look(2),
    "503 again and again": Story().refresh(1, BUSY).refresh(1, BUSY).refresh(1, BUSY).refresh(1, 2).look(2),
    "503, and it is done later": Story().refresh(1, BUSY, 1).introspect(1, active=True).look(2),
    "a replay that is seen": Story().refresh(1, 2).refresh(2, 3).refresh(3, 4).refresh(1, GRANT).refresh(4, GRANT),
    "a retry that comes too late": Story()
    .refresh(1, 2, 1)
    .refresh(1, GRANT, 70)
    .refresh(2, GRANT, 80)
    .look(2, active=False),
    "no window, and a lost answer": Story(window=0).refresh(1, None, 1).refresh(1, GRANT, 2).look(2, active=False),
    "revoked while it is renewed": Story().revoke(1, 1, lasts=1).refresh(1, 2, 1.1, lasts=2).refresh(2, GRANT, 4),
    "a revocation that was lost": Story()
    .revoke(1, 1, lasts=None)
    .refresh(1, 2, 2)
    .refresh(2, GRANT, 3)
    .look(2, active=False),
    "strangers and greed": Story()
    .refresh(1, GRANT, by="stranger")
    .revoke(1, by="stranger")
    .refresh(1, "invalid_scope", by="too wide")
    .refresh(1, 2),
    "a stalled request that three renewals overtook": Story()
    .refresh(1, None, 1)
    .refresh(1, 2, 2)
    .refresh(2, 3, 3)
    .refresh(3, 4, 4)
    .refresh(4, GRANT, 5)
    .look(4, active=False),
    "a code": Story(0).exchange().refresh(1, 2).look(2),
    "a code whose answer was lost": Story(0).exchange(lost=True, at=1).exchange(GRANT, at=2).look(1, active=False),
    "a code that came too late": Story(0).exchange(GRANT, at=75).look(0),
    "introspection": Story()
    .introspect(1, active=True)
    .refresh(1, 2)
    .introspect(1, active=False)
    .introspect(2, active=True, by="owner"),
    "a fail-over that lost two renewals": Story()
    .refresh(1, 2)
    .refresh(2, 3)
    .refresh(3, 4)
    .fail_over()
    .refresh(1, 2)
    .refresh(4, 5)
    .look(5),
    "a fail-over that lost a revocation": Story().revoke(1).fail_over().refresh(1, 2),
}

BAD = {
    "I1: the newest token is refused": Story().refresh(1, 2).refresh(2, GRANT).look(2),
    "I1: the newest token is inactive": Story().refresh(1, 2).introspect(2, active=False).look(2),
    "I2: a generation is skipped": Story().refresh(1, 2).refresh(2, 4).look(4),
    "I2: a copy moves on a second time": Story().refresh(1, 2).refresh(1, 3).look(3),
    "I2: a renewal brings the same token": Story().refresh(1, 1).look(1),
    "I3: a token is renewed after a revocation": Story().refresh(1, 2).revoke(2).refresh(2, 3).look(3),
    "I3: a retry is answered after a revocation": Story().refresh(1, 2).revoke(2).refresh(1, 2).look(2, active=False),
    "I3: a token is renewed after a replay was seen": Story()
    .refresh(1, 2)
    .refresh(2, 3)
    .refresh(3, 4)
    .refresh(1, GRANT)
    .refresh(4, 5)
    .look(5),
    "I3: a token is active after a revocation": Story().revoke(1).introspect(1, active=True),
    "I3: a revocation was acknowledged and is not in the row": Story().refresh(1, 2).revoke(2).look(2),
    "I4: a replay is answered": Story().refresh(1, 2).refresh(2, 3).refresh(3, 4).refresh(1, 4).look(4),
    "I4: a late retry is answered": Story().refresh(1, 2, 1).refresh(1, 2, 70).look(2),
    "I4: a retry is answered where there is no window": Story(window=0).refresh(1, 2).refresh(1, 2).look(2),
    "I4: a spent token is active": Story().refresh(1, 2).introspect(1, active=True).look(2),
    "I5: a retry within the window is refused": Story()
    .refresh(1, None, 1)
    .refresh(1, 2, 2)
    .refresh(1, GRANT, 3)
    .look(2),
    "I5: a code that nobody used is refused": Story(0).exchange(GRANT).look(0),
    "I6: a stranger is answered": Story().refresh(1, 2, by="stranger").look(2),
    "I6: a stranger ends a grant": Story().revoke(1, by="stranger").refresh(1, GRANT).look(1, active=False),
    "I6: a wider scope is answered": Story().refresh(1, 2, by="too wide").look(2),
    "I6: a wider scope is refused and spends the token": Story().refresh(1, "invalid_scope", by="too wide").look(2),
    "I8: a code is exchanged twice": Story(0).exchange().exchange().look(1),
    "I11: something breaks": Story().refresh(1, "server_error").look(1),
    "I11: a good client is taken for another": Story().refresh(1, "invalid_client").look(1),
    "I12: the row is behind what was answered": Story().refresh(1, 2).refresh(2, 3).look(2),
    "I12: the row has ended for no reason": Story().refresh(1, 2).look(2, active=False),
    "I12: the row moved although nobody asked": Story().refresh(1, 2).look(3),
}


@pytest.mark.parametrize("story", GOOD.values(), ids=GOOD)
def test_what_can_have_been_is_explained(story: Story) -> None:
    assert explain(story.history, story.opened) is None


@pytest.mark.parametrize(("name", "story"), BAD.items(), ids=BAD)
def test_what_cannot_have_been_is_refused_for_the_right_reason(name: str, story: Story) -> None:
    why = explain(story.history, story.opened)

    assert why is not None
    assert name.startswith(f"{why.invariant}:"), why.words


# --- beside the model that the server itself is held against ---------------------------------------

STEP = 7  # seconds: no sum of them comes near the end of a window
Deed = tuple[int, int, bool]  # how far behind the newest, after how many steps, with too wide a scope
deeds = st.lists(st.tuples(st.sampled_from([0, 0, 0, 1, 1, 2, 3]), st.integers(1, 10), st.booleans()), max_size=14)


def told_by_the_model(chosen: list[Deed], revoked_after: int) -> list[Operation]:
    """What the server's model answers to one request after another."""
    model, story, at = Expectation(0, keeps=False, suspects=False), Story(), 0
    assert model.exchange(0, HOME, proven=True) is None
    for number, (back, steps, too_wide) in enumerate(chosen):
        at += steps * STEP
        shown = max(1, model.highest - back)
        answer = model.refresh(shown, at * 1_000, HOME, too_wide=too_wide)
        said = {Reason.TOO_WIDE_SCOPE: "invalid_scope"}.get(answer, GRANT) if isinstance(answer, Reason) else answer
        story.refresh(shown, said, at, by="too wide" if too_wide else "owner")
        if number == revoked_after:
            story.revoke(shown, at + 1)
            model.end(at * 1_000)
    return story.history


@given(deeds, st.integers(0, 30))
def test_all_that_the_model_answers_is_explained(chosen: list[Deed], revoked_after: int) -> None:
    assert explain(told_by_the_model(chosen, revoked_after), Story().opened) is None


@given(deeds.filter(bool), st.integers(0, 30), st.data())
def test_nothing_else_is(chosen: list[Deed], revoked_after: int, data: st.DataObject) -> None:
    """One answer is another than the model's; nothing is unknown, so nothing can excuse it."""
    history = told_by_the_model(chosen, revoked_after)
    place = data.draw(st.sampled_from([one.number for one in history if one.asked.kind is Kind.REFRESH]))
    told = history[place].told
    others = [Told(400, GRANT), Told(400, "invalid_scope"), *(Told(200, generation=number) for number in range(1, 16))]
    wrong = data.draw(st.sampled_from([other for other in others if other != without_text(told)]))

    history[place] = replace(history[place], told=wrong)

    assert explain(history, Story().opened) is not None


@given(deeds, st.integers(0, 30), st.data())
def test_what_overlaps_or_is_lost_is_explained_too(chosen: list[Deed], revoked_after: int, data: st.DataObject) -> None:
    """Later ends, and outcomes that nobody knows, allow more orders and never fewer."""
    history = told_by_the_model(chosen, revoked_after)
    for number, one in enumerate(history):
        how = data.draw(st.sampled_from(["as it was", "longer", "lost"]))
        if how == "lost":
            history[number] = replace(one, told=None, end=FOREVER, latest=FOREVER)
        elif how == "longer":
            end = Micros(one.end + data.draw(st.integers(1, 60)) * SECOND)
            history[number] = replace(one, end=end, latest=end)

    assert explain(history, Story().opened) is None


def without_text(told: Told | None) -> Told | None:
    """The same answer, whatever the text of its token."""
    return None if told is None else replace(told, digest=None)


# --- the ledger ------------------------------------------------------------------------------------


def test_a_ledger_that_was_kept_is_judged_as_it_was(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.open("g", 1, 60 * SECOND)
    with ledger.spell("a fault", 503):
        first = ledger.intend(Asked("g", Kind.REFRESH, 1))
        ledger.hear(first, Told(200, None, 2, "one text"))
    ledger.clock(-5 * SECOND, 300 * SECOND)
    ledger.lose(ledger.intend(Asked("g", Kind.REFRESH, 2)), "EOFError")
    ledger.repeat(first)
    ledger.hear(ledger.intend(Asked("g", Kind.REFRESH, 1)), Told(200, None, 2, "another text"))
    ledger.close()

    again = Ledger.read(tmp_path / "ledger.jsonl")

    assert again.operations() == ledger.operations()
    assert judge(again).as_json() == judge(ledger).as_json()
    assert [finding.invariant for finding in judge(again).findings] == ["I2", "I11"]


def test_an_answer_that_falls_wholly_within_a_fault_must_be_one_that_the_fault_allows() -> None:
    ledger = Ledger()
    ledger.open("g", 1, 60 * SECOND)
    before = ledger.intend(Asked("g", Kind.INTROSPECT, 1))
    with ledger.spell("PostgreSQL killed", 503):
        ledger.hear(before, Told(200, active=True))
        within = ledger.intend(Asked("g", Kind.INTROSPECT, 1))
        ledger.hear(within, Told(200, active=True))

    verdict = judge(ledger)

    assert [(finding.invariant, finding.operations) for finding in verdict.findings] == [("I11", (within,))]


def test_the_bound_is_three_divided_by_the_trials() -> None:
    ledger = Ledger()
    ledger.open("g", 1, 60 * SECOND)
    for generation in range(1, 61):
        ledger.hear(
            ledger.intend(Asked("g", Kind.REFRESH, generation)), Told(200, None, generation + 1, f"{generation}")
        )

    verdict = judge(ledger)

    assert (verdict.findings, verdict.trials["I1"], verdict.bound("I1")) == ([], 60, 0.05)
    assert verdict.bound("I8") is None  # no code was exchanged
