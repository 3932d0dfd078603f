"""One renewal under the lock: every answer, every loss, everybody else who renews, every vault that fails."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from evergrant.client.errors import (
    ClientError,
    ProtocolError,
    RefreshUnavailable,
    Refused,
    SignInReason,
    SignInRequired,
    VaultDamaged,
)
from evergrant.client.keeper import Keeper, Newer, Valid
from evergrant.client.renewal import (
    Answered,
    Done,
    Failed,
    Load,
    Loaded,
    Lost,
    NotSaved,
    NotSent,
    Outcome,
    Renewal,
    Save,
    Saved,
    Send,
    Unsaved,
)
from evergrant.client.tokens import TokenSet
from evergrant.client.ways import ByClientCredentials
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from tests.unit.client.samples import CLIENT, EXPIRED_AT, KEEPER, NEXT, PROVIDER, RENEWED, TOKENS, answer

INVALID_GRANT = {"error": "invalid_grant", "error_description": "no", "correlation_id": "abc"}


def loaded(tokens: TokenSet | None, now: int = EXPIRED_AT) -> Loaded:
    return Loaded(tokens, Millis(now))


def answered(status: int, body: object, headers: Mapping[str, str] | None = None) -> Answered:
    return Answered(answer(status, body, headers=headers))


def walk(outcomes: Iterable[Outcome], renewal: Renewal | None = None) -> list[object]:
    """The steps of a renewal to which this happens, one after another."""
    renewal = renewal or Renewal(KEEPER, Valid())
    steps: list[object] = [renewal.next_step]
    for outcome in outcomes:
        renewal.absorb(outcome)
        steps.append(renewal.next_step)
    return steps


def kinds(steps: Iterable[object]) -> list[type]:
    return [type(step) for step in steps]


def failed(steps: list[object]) -> Failed:
    last = steps[-1]
    assert isinstance(last, Failed)
    return last


def refresh_token_of(step: object) -> str:
    assert isinstance(step, Send)
    return step.request.body.decode().partition("refresh_token=")[2].partition("&")[0]


def test_it_loads_sends_saves_and_only_then_has_tokens() -> None:
    steps = walk([loaded(TOKENS), answered(200, RENEWED), Saved()])

    assert kinds(steps) == [Load, Send, Save, Done]
    assert steps[-1] == Done(replace(NEXT, obtained_at=EXPIRED_AT, expires_at=Millis(EXPIRED_AT + 900_000)))


def test_life_is_counted_from_the_moment_of_sending() -> None:
    (*_, save) = walk([loaded(TOKENS), Answered(answer(200, RENEWED, sent_at=EXPIRED_AT - 5_000))])

    assert isinstance(save, Save)
    assert save.tokens.expires_at == EXPIRED_AT - 5_000 + 900_000


def test_scope_refresh_token_and_subject_stay_when_the_answer_omits_them() -> None:
    """RFC 6749 §6."""
    said = {"access_token": "at-2", "token_type": "bearer"}

    (*_, save) = walk([loaded(TOKENS), answered(200, said)])

    assert isinstance(save, Save)
    assert (save.tokens.scope, save.tokens.subject) == (TOKENS.scope, "ada")
    assert (save.tokens.refresh_token, save.tokens.expires_at) == (TOKENS.refresh_token, None)


def test_if_somebody_has_renewed_meanwhile_nothing_is_sent() -> None:
    theirs = replace(NEXT, obtained_at=EXPIRED_AT, expires_at=Millis(EXPIRED_AT + 900_000))

    assert walk([loaded(theirs)]) == [Load(), Done(theirs)]


def test_a_newer_token_than_the_named_one_is_had_from_whoever_was_first() -> None:
    renewal = Renewal(KEEPER, Newer(TOKENS.access_token))

    assert walk([loaded(NEXT, TOKENS.obtained_at)], renewal) == [Load(), Done(NEXT)]


def test_a_lost_answer_is_asked_for_once_more_with_the_same_token() -> None:
    steps = walk([loaded(TOKENS), Lost("cut"), answered(200, RENEWED), Saved()])

    assert kinds(steps) == [Load, Send, Send, Save, Done]
    assert refresh_token_of(steps[1]) == refresh_token_of(steps[2]) == "rt-1"


def test_an_answer_that_cannot_be_read_is_a_lost_one() -> None:
    steps = walk([loaded(TOKENS), answered(200, b"{"), answered(200, RENEWED), Saved()])

    assert kinds(steps) == [Load, Send, Send, Save, Done]


def test_of_two_lost_answers_the_tokens_are_kept() -> None:
    end = failed(walk([loaded(TOKENS), Lost("cut"), Lost("cut")]))

    assert isinstance(end.error, RefreshUnavailable)
    assert (end.held, end.unsaved) == (TOKENS, None)


def test_of_two_unreadable_answers_the_tokens_are_kept() -> None:
    end = failed(walk([loaded(TOKENS), answered(200, b"<html>"), answered(200, b"[]")]))

    assert isinstance(end.error, ProtocolError)
    assert end.held == TOKENS


def test_an_issuer_that_is_not_reached_is_not_asked_twice() -> None:
    steps = walk([loaded(TOKENS), NotSent("down")])

    assert kinds(steps) == [Load, Send, Failed]
    assert isinstance(failed(steps).error, RefreshUnavailable)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (503, {"error": "temporarily_unavailable"}),
        (429, b""),
        (502, {"error": "invalid_grant"}),
        (400, {"error": "temporarily_unavailable"}),
    ],
)
def test_trouble_at_the_issuer_never_drops_tokens(status: int, body: object) -> None:
    end = failed(walk([loaded(TOKENS), answered(status, body, {"retry-after": "7"})]))

    assert isinstance(end.error, RefreshUnavailable)
    assert (end.error.retry_after_s, end.held) == (7.0, TOKENS)


@pytest.mark.parametrize(("status", "error"), [(401, "invalid_client"), (400, "invalid_scope"), (400, "slow_down")])
def test_another_refusal_keeps_the_tokens_and_is_told_as_it_is(status: int, error: str) -> None:
    end = failed(walk([loaded(TOKENS), answered(status, {"error": error})]))

    assert isinstance(end.error, Refused)
    assert (end.error.error, end.error.status, end.held) == (error, status, TOKENS)


def test_a_page_of_a_proxy_keeps_the_tokens() -> None:
    end = failed(walk([loaded(TOKENS), answered(403, b"<html>")]))

    assert isinstance(end.error, ProtocolError)
    assert end.held == TOKENS


def test_invalid_grant_ends_the_session_for_everybody_after_a_second_look() -> None:
    steps = walk([loaded(TOKENS), answered(400, INVALID_GRANT), loaded(TOKENS), Saved()])

    ended = replace(TOKENS, refresh_token=None, ended="invalid_grant", revision=5)
    assert kinds(steps) == [Load, Send, Load, Save, Failed]
    assert steps[-2] == Save(ended)
    assert failed(steps).held == ended
    assert isinstance(failed(steps).error, SignInRequired)
    assert failed(steps).error.args == (SignInReason.ENDED, "abc")


def test_invalid_grant_is_nothing_if_somebody_else_has_renewed() -> None:
    """With a vault whose lock does not reach as far as its users."""
    theirs = replace(NEXT, expires_at=Millis(EXPIRED_AT + 900_000))

    steps = walk([loaded(TOKENS), answered(400, INVALID_GRANT), loaded(theirs)])

    assert steps[-1] == Done(theirs)


def test_if_what_somebody_else_got_is_used_up_too_the_next_attempt_goes_on_from_there() -> None:
    end = failed(walk([loaded(TOKENS), answered(400, INVALID_GRANT), loaded(NEXT)]))

    assert isinstance(end.error, RefreshUnavailable)
    assert end.held == NEXT


def test_if_somebody_signed_out_meanwhile_there_is_no_session() -> None:
    end = failed(walk([loaded(TOKENS), answered(400, INVALID_GRANT), loaded(None)]))

    assert isinstance(end.error, SignInRequired)


def test_an_ended_session_that_cannot_be_saved_is_ended_all_the_same() -> None:
    end = failed(walk([loaded(TOKENS), answered(400, INVALID_GRANT), loaded(TOKENS), NotSaved("full")]))

    assert isinstance(end.error, SignInRequired)
    assert end.held is not None
    assert end.held.ended == "invalid_grant"


def test_nobody_signed_in_means_nothing_is_sent() -> None:
    steps = walk([loaded(None)])

    assert kinds(steps) == [Load, Failed]
    assert failed(steps).error.args == (SignInReason.NO_SESSION, None)


def test_tokens_that_cannot_be_saved_are_not_used_and_not_lost() -> None:
    end = failed(walk([loaded(TOKENS), answered(200, RENEWED), NotSaved("disk full")]))

    assert isinstance(end.error, RefreshUnavailable)
    assert end.held == TOKENS
    assert end.unsaved is not None
    assert end.unsaved.tokens.refresh_token == Secret("rt-2")


FRESH = replace(NEXT, obtained_at=EXPIRED_AT, expires_at=Millis(EXPIRED_AT + 900_000))


def late(vault_holds: TokenSet | None, *outcomes: Outcome) -> list[object]:
    """A renewal that has unsaved tokens, and finds `vault_holds`."""
    return walk([loaded(vault_holds), *outcomes], Renewal(KEEPER, Valid(), Unsaved(FRESH, TOKENS)))


def test_unsaved_tokens_go_first_the_next_time() -> None:
    assert late(TOKENS, Saved()) == [Load(), Save(FRESH), Done(FRESH)]


def test_unsaved_tokens_stay_unsaved_while_the_vault_fails() -> None:
    end = failed(late(TOKENS, NotSaved("disk full")))

    assert end.unsaved == Unsaved(FRESH, TOKENS)


def test_unsaved_tokens_wake_a_session_that_ended_for_the_lack_of_them() -> None:
    ended = replace(TOKENS, refresh_token=None, ended="invalid_grant", revision=5)

    assert late(ended, Saved()) == [Load(), Save(replace(FRESH, revision=6)), Done(replace(FRESH, revision=6))]


def test_unsaved_tokens_give_way_to_those_that_somebody_else_saved() -> None:
    theirs = replace(FRESH, access_token=Secret("at-3"), revision=6)

    assert late(theirs) == [Load(), Done(theirs)]


def test_unsaved_tokens_do_not_come_back_after_a_sign_out() -> None:
    assert failed(late(None)).error.args == (SignInReason.NO_SESSION, None)


def test_unsaved_tokens_do_not_replace_another_persons_session() -> None:
    """Somebody signed out and somebody else in, with revisions that begin again."""
    other = replace(FRESH, access_token=Secret("at-x"), refresh_token=Secret("rt-x"), subject="bob", revision=1)

    assert late(other) == [Load(), Done(other)]


def test_a_session_of_another_issuer_in_the_vault_is_not_shown_to_ours() -> None:
    """R-050"""
    steps = walk([loaded(replace(TOKENS, issuer="https://evil.example"))])

    assert kinds(steps) == [Load, Failed]
    assert isinstance(failed(steps).error, VaultDamaged)


def test_a_service_asks_again_for_itself() -> None:
    keeper = Keeper(ByClientCredentials(PROVIDER, CLIENT, "api:read", "https://api.example.com"), jitter=0.0)
    said = {"access_token": "at-2", "token_type": "Bearer", "expires_in": 900}

    steps = walk([loaded(None), answered(200, said), Saved()], Renewal(keeper, Valid()))

    assert kinds(steps) == [Load, Send, Save, Done]
    assert isinstance(steps[1], Send)
    assert b"grant_type=client_credentials" in steps[1].request.body
    assert b"resource=https%3A%2F%2Fapi.example.com" in steps[1].request.body


def test_a_service_that_is_refused_is_not_ended() -> None:
    keeper = Keeper(ByClientCredentials(PROVIDER, CLIENT), jitter=0.0)

    end = failed(walk([loaded(None), answered(400, INVALID_GRANT)], Renewal(keeper, Valid())))

    assert isinstance(end.error, Refused)


def test_what_is_no_outcome_of_a_step_is_a_defect_of_the_driver() -> None:
    with pytest.raises(TypeError):
        Renewal(KEEPER, Valid()).absorb(Saved())


@pytest.mark.parametrize(
    "outcomes",
    [
        [loaded(TOKENS), answered(200, RENEWED), NotSaved("full")],
        [loaded(TOKENS), answered(400, INVALID_GRANT), loaded(TOKENS), Saved()],
        [loaded(TOKENS), answered(200, {"access_token": "at-9", "token_type": "mac"}), Lost("x")],
    ],
)
def test_no_step_and_no_error_prints_a_token(outcomes: list[Outcome]) -> None:
    steps = walk(outcomes)

    said = repr(steps) + "".join(str(step.error) for step in steps if isinstance(step, Failed))
    assert not any(token in said for token in ("at-1", "at-2", "at-9", "rt-1", "rt-2"))


def test_an_error_of_the_machine_is_an_error_of_the_library() -> None:
    assert isinstance(failed(walk([loaded(None)])).error, ClientError)
