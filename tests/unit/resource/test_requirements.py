"""What a request needs, and what is said when it is not there. RFC 6750 §3, RFC 9470 §3."""

from dataclasses import replace

import pytest

from evergrant.protocol.errors import InvalidScope
from evergrant.resource import ANY_TOKEN, AccessToken, Refused, Requirement, any_of, require
from evergrant.resource.checking import Checker
from evergrant.resource.requirements import judge
from tests.unit.resource.notes import KEYS, NOTES, NOW, NOW_S, later, token

TOKEN = Checker(NOTES).check(token(acr="pwd", auth_time=NOW_S - 100, tenant="acme"), KEYS, NOW)


def told(needs: Requirement, shown: AccessToken = TOKEN) -> tuple[int, str | None]:
    """Status and challenge of the refusal."""
    with pytest.raises(Refused) as caught:
        judge(shown, needs, NOW)
    answer = caught.value.answer(None)
    return answer.status, dict(answer.headers).get("WWW-Authenticate")


@pytest.mark.parametrize(
    "needs",
    [
        ANY_TOKEN,
        require("notes:read"),
        require("notes:read", "other"),
        any_of("notes:admin", "notes:read"),
        require(roles=["editor"]),
        require(clients=["notes-web", "notes-app"]),
        require(audience="https://notes.example/api"),
        require(acr=["phr", "pwd"]),
        require(max_age_s=100),
        require(claims=lambda claims: claims["tenant"] == "acme"),
        require("notes:read") & any_of("x", "other") & require(roles=["editor"], acr=["pwd"], max_age_s=3600),
    ],
)
def test_who_has_what_is_needed_is_let_in(needs: Requirement) -> None:
    judge(TOKEN, needs, NOW)


def test_a_scope_that_implies_what_is_needed_is_enough() -> None:
    writer = Checker(NOTES).check(token(scope="notes:write"), KEYS, NOW)

    judge(writer, require("notes:read") & any_of("nothing", "notes:read"), NOW)


def test_a_scope_that_is_missing_is_told_with_all_that_are_needed() -> None:
    """What the client asks for next must be enough: also what it has already."""
    status, challenge = told(require("notes:read", "notes:write") & require("other"))

    assert status == 403
    assert challenge == (
        'Bearer error="insufficient_scope", error_description="The access token does not reach far enough.", '
        'scope="notes:read notes:write other"'
    )


def test_of_alternatives_the_first_is_told_unless_another_is_there_already() -> None:
    needs = any_of("a", "b") & any_of("c", "other") & require("notes:write")

    assert needs.scope_needed() == "notes:write a c"
    assert needs.scope_needed(TOKEN.scopes) == "notes:write a other"


def test_an_older_sign_in_than_is_needed_asks_for_a_new_one() -> None:
    status, challenge = told(require(max_age_s=99))

    assert status == 401
    assert challenge == (
        'Bearer error="insufficient_user_authentication", error_description="The last sign-in is too long ago.", '
        'max_age="99"'
    )


def test_a_token_that_does_not_say_when_the_person_signed_in_is_too_old_for_any_age() -> None:
    unknown = replace(TOKEN, auth_time=None)

    assert told(require(max_age_s=10**6), unknown)[0] == 401


def test_a_weaker_sign_in_than_is_needed_asks_for_a_stronger_one() -> None:
    status, challenge = told(require(acr=["phr", "phrh"], max_age_s=300))

    assert status == 401
    assert challenge == (
        'Bearer error="insufficient_user_authentication", error_description="Another sign-in is needed.", '
        'acr_values="phr phrh", max_age="300"'
    )


@pytest.mark.parametrize(
    "needs",
    [
        require(roles=["admin"]),
        require(roles=["editor", "admin"]),
        require(clients=["another"]),
        require(clients=["notes-web"]) & require(clients=["another"]),
        require(claims=lambda claims: claims.get("tenant") == "umbrella"),
    ],
)
def test_what_no_other_token_would_mend_is_refused_without_a_challenge(needs: Requirement) -> None:
    assert told(needs) == (403, None)


def test_s037_a_token_for_another_part_of_the_api_is_no_token_here() -> None:
    status, challenge = told(require(audience="https://notes.example/admin"))

    assert (status, "invalid_token" in (challenge or "")) == (401, True)


def test_two_requirements_need_the_shorter_age_and_every_scope_once() -> None:
    both = require("a", "b", max_age_s=60) & require("b", "c", max_age_s=30) & ANY_TOKEN

    assert (both.scopes, both.max_age_s) == (("a", "b", "c"), 30)


@pytest.mark.parametrize(
    "wrong", [{"roles": "editor"}, {"clients": "x"}, {"acr": "phr"}, {"roles": [""]}, {"max_age_s": -1}]
)
def test_a_requirement_that_cannot_be_meant_is_refused_when_it_is_written(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"list|seconds"):
        require(**wrong)  # type: ignore[arg-type]  # on purpose


def test_a_scope_that_can_be_none_is_refused_when_it_is_written() -> None:
    with pytest.raises(InvalidScope):
        require("notes read")
    with pytest.raises(ValueError, match="choose"):
        any_of()


def test_time_passes_for_the_sign_in_too() -> None:
    judge(TOKEN, require(max_age_s=200), later(100))

    with pytest.raises(Refused):
        judge(TOKEN, require(max_age_s=200), later(101))
