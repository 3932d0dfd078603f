"""The authorization code at the token endpoint. RFC 6749 §4.1.3, §4.1.4; RFC 7636; RFC 9700 §4.5, §4.8."""

import pytest

from tests.protocol.conftest import ON_BOTH, NewProgram
from tests.protocol.program import Code, Program, challenge, verifier
from tests.protocol.registry import User
from tests.protocol.served import MINUTE, Served, body, error

pytestmark = ON_BOTH
SPENT = (400, "invalid_grant")


def test_a_code_is_exchanged_for_access_refresh_and_id_token(served: Served, web: Program, user: User) -> None:
    """RFC 6749 §4.1.4; OpenID Connect Core §3.1.3.3."""
    answer = web.exchange(web.ask(user))

    assert answer.status_code == 200
    assert body(answer).keys() == {
        *("access_token", "token_type", "expires_in", "refresh_token", "refresh_token_expires_in", "scope", "id_token")
    }
    assert body(answer)["scope"] == "openid profile email offline_access read"
    assert answer.headers["cache-control"] == "no-store"


def test_the_redirect_carries_code_state_and_issuer_and_nothing_else(served: Served, web: Program, user: User) -> None:
    """RFC 6749 §4.1.2; RFC 9207 §2; S-007."""
    landing = web.ask(user, state="a b&c=d\u00e9").landing

    assert landing.parameters == {"code": landing.parameters["code"], "state": "a b&c=d\u00e9", "iss": served.url}
    assert landing.seen == ("sign-in", "consent")


def test_a_public_client_exchanges_its_code_without_a_secret(spa: Program, user: User) -> None:
    """RFC 6749 §4.1.3."""
    assert spa.exchange(spa.ask(user)).status_code == 200


def test_the_redirect_uri_may_be_left_out_with_pkce(web: Program, user: User) -> None:
    """OAuth 2.1 dropped it: the verifier proves more."""
    assert web.exchange(web.ask(user), redirect_uri=None).status_code == 200


def test_without_pkce_the_redirect_uri_is_required(new_program: NewProgram, user: User) -> None:
    """RFC 6749 §4.1.3."""
    program = new_program(require_pkce=False)
    code = program.ask(user, code_challenge="", code_challenge_method="")

    assert error(program.exchange(code, redirect_uri=None, code_verifier=None)) == SPENT
    assert program.exchange(code, code_verifier=None).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": verifier()},
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code_verifier": "short"},
        {"code_verifier": "x" * 129},
        {"redirect_uri": "http://127.0.0.1/other"},
        {"redirect_uri": "http://127.0.0.1:1/callback"},
    ],
)
def test_a_wrong_proof_is_refused_and_spends_nothing(
    served: Served, web: Program, user: User, wrong: dict[str, str | None]
) -> None:
    """RFC 7636 §4.6; RFC 6749 §4.1.3; S-005, R-043. The code still works for whoever has the proof."""
    code = web.ask(user)
    before = served.registry.rows()

    assert error(web.exchange(code, **wrong)) == SPENT

    assert served.registry.rows() == before
    assert web.exchange(code).status_code == 200


def test_the_challenge_itself_is_no_verifier(web: Program, user: User) -> None:
    """RFC 7636 §4.6: `plain` is not offered (S-004)."""
    code = web.ask(user)

    assert error(web.exchange(code, code_verifier=challenge(code.verifier))) == SPENT


def test_a_verifier_for_a_code_without_challenge_is_a_downgrade(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """RFC 9700 §4.8.2; S-005."""
    program = new_program(require_pkce=False)
    code = program.ask(user, code_challenge="", code_challenge_method="")
    before = served.registry.rows()

    assert error(program.exchange(code)) == SPENT

    assert served.registry.rows() == before


def test_another_clients_code_is_refused_and_stays_good_for_its_own(
    served: Served, web: Program, spa: Program, user: User
) -> None:
    """RFC 6749 §4.1.3; R-003. The operator is alarmed."""
    code = web.ask(user)
    before = served.registry.rows()

    refused = spa.exchange(code)

    assert error(refused) == SPENT
    assert served.registry.events(refused.headers["x-correlation-id"]) == [("other_client", "other_client")]
    assert served.registry.rows() == before
    assert web.exchange(code).status_code == 200


def test_a_second_use_ends_everything_that_came_from_the_code(served: Served, web: Program, user: User) -> None:
    """RFC 6749 §4.1.2, §10.5; S-006."""
    code = web.ask(user)
    tokens = body(web.exchange(code))

    again = web.exchange(code)

    assert error(again) == SPENT
    assert served.registry.events(again.headers["x-correlation-id"]) == [("grant_reused", "reused")]
    assert error(web.refresh(tokens["refresh_token"])) == SPENT
    assert web.introspect(tokens["access_token"]) == {"active": False}
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")


@pytest.mark.parametrize("who", ["without the verifier", "another client"])
def test_a_second_use_by_somebody_who_cannot_prove_it_ends_nothing(
    served: Served, web: Program, spa: Program, user: User, who: str
) -> None:
    """A code that leaked from a log is no switch to log people out with (rows 3 and 4 come before 10)."""
    code = web.ask(user)
    tokens = body(web.exchange(code))
    before = served.registry.rows()

    refused = web.exchange(code, code_verifier=verifier()) if who == "without the verifier" else spa.exchange(code)

    assert error(refused) == SPENT
    assert served.registry.rows() == before
    assert web.refresh(tokens["refresh_token"]).status_code == 200


def test_a_code_expires_after_a_minute(served: Served, web: Program, user: User) -> None:
    """RFC 6749 §4.1.2; S-006."""
    code = web.ask(user)
    before = served.registry.rows()
    served.clock.advance(MINUTE)

    assert error(web.exchange(code)) == SPENT

    assert served.registry.rows() == before


def test_refused_codes_cannot_be_told_apart(served: Served, web: Program, spa: Program, user: User) -> None:
    """One sentence for unknown, foreign, spent and unproven; the reason is for the operator."""
    good, used = web.ask(user), web.ask(user)
    web.exchange(used)
    refusals = [
        web.exchange(Code("eg_ac_" + "A" * 72, verifier(), good.landing)),
        spa.exchange(good),
        web.exchange(good, code_verifier=verifier()),
        web.exchange(used),
    ]

    assert {body(refusal)["error_description"] for refusal in refusals} == {
        "The authorization code is invalid, expired or was already used."
    }


def test_a_scope_at_the_exchange_has_no_meaning(web: Program, user: User) -> None:
    """RFC 6749 §4.1.3 has no such parameter; some clients send it."""
    assert body(web.exchange(web.ask(user), scope="write"))["scope"] == "openid profile email offline_access read"


def test_only_offline_access_asks_an_openid_provider_for_a_refresh_token(web: Program, user: User) -> None:
    """OpenID Connect Core §11."""
    assert "refresh_token" not in web.sign_in(user, scope="openid read")
    assert "refresh_token" in web.sign_in(user, scope="openid offline_access")


def test_plain_oauth_gets_a_refresh_token_and_no_id_token(web: Program, user: User) -> None:
    """RFC 6749 §4.1.4, §1.5."""
    tokens = web.sign_in(user, scope="read")

    assert "refresh_token" in tokens
    assert "id_token" not in tokens


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(new_program: NewProgram, user: User) -> None:
    """OpenID Connect Core §11: offline access that nothing could follow is not granted."""
    program = new_program(grant_types=frozenset({"authorization_code"}))

    tokens = program.sign_in(user)

    assert "refresh_token" not in tokens
    assert "offline_access" not in tokens["scope"].split()


def test_a_disabled_user_cannot_finish_a_sign_in(served: Served, web: Program, user: User) -> None:
    """S-035: the code was issued a moment before."""
    code = web.ask(user)
    served.desk.disable(user)

    assert error(web.exchange(code)) == SPENT
