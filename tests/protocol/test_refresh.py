"""The refresh token grant: the heart. RFC 6749 §6; RFC 9700 §4.14; design: the life of a grant."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.protocol.conftest import ON_BOTH, NewProgram
from tests.protocol.program import OFFLINE, Program, basic
from tests.protocol.registry import User
from tests.protocol.served import DAY, MINUTE, SECOND, Served, body, error

pytestmark = ON_BOTH
SPENT = (400, "invalid_grant")
SENTENCE = "The refresh token is invalid, expired or revoked."


def test_the_request_of_the_specification_works_as_it_is_written(served: Served, web: Program, user: User) -> None:
    """RFC 6749 §6, byte for byte but for host and token."""
    token = web.sign_in(user)["refresh_token"]

    answer = served.http.post(
        "/token",
        content=f"grant_type=refresh_token&refresh_token={token}",
        headers={
            "Authorization": basic(web.client.id, web.client.secret or ""),
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


def test_every_answer_has_all_members(web: Program, user: User) -> None:
    """design: "The answer to every refresh carries …"; RFC 6749 §5.1."""
    answer = web.renewed(web.sign_in(user)["refresh_token"])

    assert answer.keys() == {
        *("access_token", "token_type", "expires_in", "refresh_token", "refresh_token_expires_in", "scope", "id_token")
    }
    assert (answer["scope"], answer["expires_in"]) == (OFFLINE, 900)
    assert answer["refresh_token_expires_in"] % 60 == 0


def test_a_renewal_makes_a_new_token_of_the_same_grant(served: Served, spa: Program, user: User) -> None:
    """RFC 9700 §4.14.2; S-030."""
    first = spa.sign_in(user)
    second = spa.renewed(first["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert spa.claims(second["access_token"])["gid"] == spa.claims(first["access_token"])["gid"]


def test_renewing_adds_no_row(served: Served, web: Program, user: User) -> None:
    """design: invariant 6."""
    token = web.sign_in(user)["refresh_token"]
    counts = {name: len(rows) for name, rows in served.registry.rows().items()}
    events = served.registry.count("events")
    for _ in range(5):
        token = web.renewed(token)["refresh_token"]

    assert {name: len(rows) for name, rows in served.registry.rows().items()} == counts
    assert served.registry.count("events") == events


def test_a_lost_answer_is_asked_for_again_and_brings_the_same_successor(web: Program, user: User) -> None:
    """design: row 12. A retry is a retry."""
    token = web.sign_in(user)["refresh_token"]

    lost, retried = web.renewed(token), web.renewed(token)

    assert retried["refresh_token"] == lost["refresh_token"]
    assert retried["access_token"] != lost["access_token"]
    assert web.refresh(retried["refresh_token"]).status_code == 200


def test_eight_tabs_that_refresh_at_once_all_get_the_same_successor(served: Served, spa: Program, user: User) -> None:
    """product: "Refresh storms are normal"."""
    token = spa.sign_in(user)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": spa.client.id}

    def tab(_: int) -> httpx2.Response:
        return httpx2.post(f"{served.url}/token", data=form, timeout=30)

    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(tab, range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({body(answer)["refresh_token"] for answer in answers}) == 1


def test_a_token_two_generations_behind_is_still_a_retry_within_the_window(web: Program, user: User) -> None:
    """design: row 10. A slow second worker may be overtaken by two quick renewals."""
    first = web.sign_in(user)["refresh_token"]
    third = web.renewed(web.renewed(first)["refresh_token"])["refresh_token"]

    assert web.renewed(first)["refresh_token"] == third


@pytest.mark.parametrize("which", ["after the window", "three behind"])
def test_a_replay_ends_the_grant_and_all_its_tokens(served: Served, web: Program, user: User, which: str) -> None:
    """RFC 9700 §4.14.2; S-031; design: rows 9 and 10."""
    first = web.sign_in(user)["refresh_token"]
    newest = web.renewed(first)
    if which == "after the window":
        served.clock.advance(61 * SECOND)
    else:
        newest = web.renewed(web.renewed(newest["refresh_token"])["refresh_token"])

    replay = web.refresh(first)

    assert error(replay) == SPENT
    assert served.registry.events(replay.headers["x-correlation-id"]) == [("grant_reused", "reused")]
    assert error(web.refresh(newest["refresh_token"])) == SPENT
    assert web.introspect(newest["access_token"]) == {"active": False}
    assert error(web.userinfo(newest["access_token"])) == (401, "invalid_token")


def test_a_replay_with_too_wide_a_scope_is_still_a_replay(served: Served, web: Program, user: User) -> None:
    """design: rows 9 and 10 come before 11. Theft is judged before anything the caller can choose."""
    first = web.sign_in(user)["refresh_token"]
    newest = web.renewed(first)["refresh_token"]
    served.clock.advance(61 * SECOND)

    assert error(web.refresh(first, scope=f"{OFFLINE} write")) == SPENT
    assert error(web.refresh(newest)) == SPENT


def test_a_narrowed_scope_narrows_this_access_token_only(web: Program, user: User) -> None:
    """RFC 6749 §6; S-033."""
    narrowed = web.renewed(web.sign_in(user)["refresh_token"], scope="read")
    full = web.renewed(narrowed["refresh_token"])

    assert narrowed["scope"] == web.claims(narrowed["access_token"])["scope"] == "read"
    assert full["scope"] == OFFLINE


@pytest.mark.parametrize(
    "scope", ["openid profile email offline_access read write", "admin", "read \u00e9", 'a"b', "a\\b"]
)
def test_a_scope_beyond_the_grant_is_refused_and_spends_nothing(
    served: Served, web: Program, user: User, scope: str
) -> None:
    """RFC 6749 §6; design: row 11."""
    token = web.sign_in(user)["refresh_token"]
    before = served.registry.rows()

    assert error(web.refresh(token, scope=scope)) == (400, "invalid_scope")

    assert served.registry.rows() == before
    assert web.refresh(token).status_code == 200


def test_another_clients_token_is_refused_and_stays_good(
    served: Served, web: Program, spa: Program, user: User
) -> None:
    """RFC 6749 §6; S-032, R-003. The operator is alarmed; nobody but its own client can end a grant."""
    token = web.sign_in(user)["refresh_token"]
    before = served.registry.rows()

    refused = spa.refresh(token)

    assert error(refused) == SPENT
    assert served.registry.events(refused.headers["x-correlation-id"]) == [("other_client", "other_client")]
    assert served.registry.rows() == before
    assert web.refresh(token).status_code == 200


def test_another_client_cannot_end_a_grant_with_a_spent_token(
    served: Served, web: Program, spa: Program, user: User
) -> None:
    """design: row 3 comes before 9 and 10."""
    first = web.sign_in(user)["refresh_token"]
    newest = web.renewed(first)["refresh_token"]
    served.clock.advance(61 * SECOND)
    before = served.registry.rows()

    assert error(spa.refresh(first)) == SPENT

    assert served.registry.rows() == before
    assert web.refresh(newest).status_code == 200


def test_a_failed_client_authentication_spends_nothing(served: Served, web: Program, user: User) -> None:
    """product: golang x/oauth2 probes for the method."""
    token = web.sign_in(user)["refresh_token"]
    before = served.registry.rows()

    answer = served.http.post(
        "/token",
        data={"grant_type": "refresh_token", "refresh_token": token},
        headers={"Authorization": basic(web.client.id, "wrong")},
    )

    assert error(answer) == (401, "invalid_client")
    assert served.registry.rows() == before
    assert web.refresh(token).status_code == 200


def test_an_idle_token_expires_and_its_grant_ends(served: Served, web: Program, user: User) -> None:
    """design: row 6; S-034. A longer setting later does not wake it."""
    token = web.sign_in(user)["refresh_token"]
    served.clock.advance(14 * DAY)

    assert error(web.refresh(token)) == SPENT
    served.clock.reset()
    assert error(web.refresh(token)) == SPENT


def test_use_keeps_a_token_alive_until_its_absolute_end(served: Served, new_program: NewProgram, user: User) -> None:
    """S-034; the absolute end was fixed at the exchange and never moves."""
    program = new_program(policy={"refresh_token_lifetime": 20 * DAY, "refresh_token_idle_timeout": 14 * DAY})
    token = program.sign_in(user)["refresh_token"]
    served.clock.advance(10 * DAY)
    answer = program.renewed(token)
    assert answer["refresh_token_expires_in"] <= 10 * DAY // SECOND
    served.clock.advance(10 * DAY)

    assert error(program.refresh(answer["refresh_token"])) == SPENT


def test_a_client_may_keep_its_token_instead_of_renewing_it(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """design: `renew = never`; WSO2's RenewRefreshTokenForRefreshGrant; S-036."""
    program = new_program(policy={"renew": "never"})
    first = program.sign_in(user)
    second = program.renewed(first["refresh_token"])
    served.clock.advance(10 * MINUTE)
    third = program.renewed(first["refresh_token"])

    assert first["refresh_token"] == second["refresh_token"] == third["refresh_token"]


def test_without_a_retry_window_the_second_use_ends_the_grant(new_program: NewProgram, user: User) -> None:
    """design: `retry_window = 0`: every lost answer costs a sign-in."""
    program = new_program(policy={"retry_window": 0})
    first = program.sign_in(user)["refresh_token"]
    newest = program.renewed(first)["refresh_token"]

    assert error(program.refresh(first)) == SPENT
    assert error(program.refresh(newest)) == SPENT


def test_six_retries_in_a_row_from_elsewhere_end_a_public_clients_grant(
    served: Served, spa: Program, user: User
) -> None:
    """design: the streak. A thief who follows the victim at every step is not redelivered for ever."""
    token = spa.sign_in(user)["refresh_token"]
    thief = {"User-Agent": "somebody else"}
    form = {"grant_type": "refresh_token", "client_id": spa.client.id}
    outcomes = []
    for _ in range(6):
        successor = spa.renewed(token)["refresh_token"]
        stolen = served.http.post("/token", data={**form, "refresh_token": token}, headers=thief)
        outcomes.append(stolen.status_code)
        token = successor

    assert outcomes == [200, 200, 200, 200, 200, 400]
    assert error(spa.refresh(token)) == SPENT


def test_the_oldest_grant_makes_room_for_one_too_many(served: Served, new_program: NewProgram, user: User) -> None:
    """design: `max_grants`."""
    program = new_program(policy={"max_grants": 2})
    first, second, third = (program.sign_in(user)["refresh_token"] for _ in range(3))

    assert error(program.refresh(first)) == SPENT
    assert program.refresh(second).status_code == 200
    assert program.refresh(third).status_code == 200


def test_refused_tokens_cannot_be_told_apart(served: Served, web: Program, spa: Program, user: User) -> None:
    """design: "one public sentence and `invalid_grant`" for rows 2, 3 and 5."""
    foreign = spa.sign_in(user)["refresh_token"]
    revoked = web.sign_in(user)["refresh_token"]
    web.revoke(revoked)
    answers = [web.refresh(token) for token in ("eg_rt_" + "A" * 72, foreign, revoked, "nonsense")]

    assert {body(answer)["error_description"] for answer in answers} == {SENTENCE}
    assert {error(answer) for answer in answers} == {SPENT}
