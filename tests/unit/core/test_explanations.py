"""Whatever is written into an event can be said in words."""

import pytest

from evergrant.core.explanations import KINDS, REASONS, Explanation
from evergrant.core.facts import EventKind
from evergrant.core.reasons import Reason


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_of_event_has_a_sentence(kind: EventKind) -> None:
    assert KINDS[kind].endswith(".")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_why_what_is_seen_and_what_to_do(reason: Reason) -> None:
    explanation = REASONS[reason]

    assert isinstance(explanation, Explanation)
    for text in (explanation.because, explanation.seen, explanation.remedy):
        assert text.endswith(".")
        assert "  " not in text


def test_no_two_reasons_are_explained_alike() -> None:
    assert len({explanation.because for explanation in REASONS.values()}) == len(Reason)
