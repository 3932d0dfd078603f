"""The password grant, for old programs only. RFC 6749 §4.3; RFC 9700 §2.4; S-009."""

import pytest

from tests.protocol.conftest import ON_BOTH, NewProgram
from tests.protocol.program import OFFLINE, Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body, error

pytestmark = ON_BOTH
GRANTS = frozenset({"password", "refresh_token"})


@pytest.fixture
def legacy(new_program: NewProgram) -> Program:
    return new_program(grant_types=GRANTS, profile="legacy")


def test_name_password_and_client_give_both_tokens(served: Served, legacy: Program, user: User) -> None:
    """RFC 6749 §4.3.2, §4.3.3; row 4 of what it must do."""
    answer = legacy.token(grant_type="password", username=user.username, password=user.password, scope=OFFLINE)
    tokens = body(answer)

    assert answer.status_code == 200
    assert legacy.claims(tokens["access_token"])["sub"] == user.id
    assert legacy.claims(tokens["id_token"])["amr"] == ["pwd"]
    assert legacy.refresh(tokens["refresh_token"]).status_code == 200


def test_user_names_are_compared_without_case(legacy: Program, user: User) -> None:
    answer = legacy.token(grant_type="password", username=user.username.upper(), password=user.password)

    assert answer.status_code == 200


@pytest.mark.parametrize("profile", ["oauth21", "fapi2"])
def test_no_other_profile_may_use_it(served: Served, new_program: NewProgram, user: User, profile: str) -> None:
    """S-009; R-042: asked at every grant, not only when the client is registered."""
    program = new_program(grant_types=GRANTS, profile=profile)
    before = served.registry.rows("attempts")

    answer = program.token(grant_type="password", username=user.username, password=user.password)

    assert error(answer) == (400, "unauthorized_client")
    assert served.registry.rows("attempts") == before


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(served: Served, legacy: Program, user: User) -> None:
    """RFC 6749 §5.2; users cannot be enumerated by text."""
    before = served.registry.rows("attempts")
    wrong = legacy.token(grant_type="password", username=user.username, password="wrong")
    unknown = legacy.token(grant_type="password", username="nobody", password="wrong")

    assert error(wrong) == error(unknown) == (400, "invalid_grant")
    assert body(wrong)["error_description"] == body(unknown)["error_description"]
    assert served.registry.rows("attempts") == before
    assert served.registry.events(wrong.headers["x-correlation-id"])[0] == ("sign_in_failed", "wrong_password")


def test_a_wrong_client_is_refused_before_the_password_is_looked_at(
    served: Served, legacy: Program, user: User
) -> None:
    """The client is proven before anything else; nobody guesses passwords without one."""
    before = served.registry.rows()

    answer = served.http.post(
        "/token",
        data={
            "grant_type": "password",
            "username": user.username,
            "password": user.password,
            "client_id": legacy.client.id,
            "client_secret": "wrong",
        },
    )

    assert error(answer) == (401, "invalid_client")
    assert served.registry.rows() == before


def test_a_scope_beyond_the_clients_is_refused(legacy: Program, user: User) -> None:
    """RFC 6749 §4.3.2, §5.2."""
    answer = legacy.token(grant_type="password", username=user.username, password=user.password, scope="admin")

    assert error(answer) == (400, "invalid_scope")


def test_a_disabled_user_is_refused_like_a_wrong_password(served: Served, legacy: Program, user: User) -> None:
    """S-035."""
    served.desk.disable(user)

    answer = legacy.token(grant_type="password", username=user.username, password=user.password)

    assert error(answer) == (400, "invalid_grant")


def test_guessing_is_slowed_down_and_the_right_password_is_not_taken_for_wrong(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """S-046; RFC 6585 §4: 429 with Retry-After, never `invalid_grant`."""
    program = new_program(grant_types=GRANTS, profile="legacy")
    form = {"grant_type": "password", "username": user.username}
    answers = [program.post("/token", {**form, "password": "wrong"}) for _ in range(8)]

    held = program.post("/token", {**form, "password": user.password})

    assert error(answers[0]) == (400, "invalid_grant")
    assert error(held) == (429, "temporarily_unavailable")
    served.clock.advance(int(held.headers["retry-after"]) * 1000)
    assert program.post("/token", {**form, "password": user.password}).status_code == 200
