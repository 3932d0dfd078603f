"""What operators' changes do to living grants, as the policies say. Made beside the running server. S-035, R-005."""

import time
from collections.abc import Callable

import pytest

from tests.protocol.conftest import ON_BOTH, NewProgram
from tests.protocol.program import OFFLINE, Program
from tests.protocol.registry import Registered, User
from tests.protocol.served import Served, body, error
from tests.support.waiting import until

pytestmark = ON_BOTH
SPENT = (400, "invalid_grant")
NEW = "a new and better password"

EVENTS: dict[str, Callable[[Served, User, Program], None]] = {
    "on_password_change": lambda served, user, _: served.desk.set_password(user, NEW),
    "on_role_change": lambda served, user, _: served.desk.set_roles(user, "writer"),
}


def offline_and_online(program: Program, user: User) -> tuple[str, str]:
    """Refresh tokens of a grant that outlives the sign-in and of one that does not."""
    return (
        program.sign_in(user, scope="offline_access read")["refresh_token"],
        program.sign_in(user, scope="read")["refresh_token"],
    )


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    ("action", "offline_lives", "online_lives"),
    [("ignore", True, True), ("re-evaluate", True, True), ("revoke_online", True, False), ("revoke_all", False, False)],
)
def test_an_event_about_a_user_does_what_the_clients_policy_says(
    served: Served,
    new_program: NewProgram,
    user: User,
    event: str,
    action: str,
    offline_lives: bool,
    online_lives: bool,
) -> None:
    """design: "Policy", each of the four actions; the change is felt at the next refresh."""
    program = new_program(policy={event: action})
    offline, online = offline_and_online(program, user)

    EVENTS[event](served, user, program)

    assert program.refresh(offline).status_code == (200 if offline_lives else 400)
    assert program.refresh(online).status_code == (200 if online_lives else 400)


def test_by_default_a_new_password_ends_everything(served: Served, web: Program, user: User) -> None:
    """on_password_change = revoke_all."""
    tokens = web.sign_in(user)

    served.desk.set_password(user, NEW)

    assert error(web.refresh(tokens["refresh_token"])) == SPENT
    assert web.introspect(tokens["access_token"]) == {"active": False}
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")


def test_by_default_a_new_role_is_in_the_next_refreshed_token(served: Served, web: Program, user: User) -> None:
    """on_role_change = re-evaluate; row 3 of what it must do."""
    tokens = web.sign_in(user)
    assert web.claims(tokens["access_token"])["roles"] == ["reader"]

    served.desk.set_roles(user, "writer", "reader")

    renewed = web.renewed(tokens["refresh_token"])
    assert sorted(web.claims(renewed["access_token"])["roles"]) == ["reader", "writer"]


@pytest.mark.parametrize(("action", "lives_again"), [("revoke_all", False), ("ignore", True), ("re-evaluate", True)])
def test_a_disabled_user_is_refused_whatever_the_policy_says(
    served: Served, new_program: NewProgram, user: User, action: str, lives_again: bool
) -> None:
    """R-005: the policy decides only whether the grant is still there when the user is enabled again."""
    program = new_program(policy={"on_disable": action})
    tokens = program.sign_in(user)

    served.desk.disable(user)

    assert error(program.refresh(tokens["refresh_token"])) == SPENT
    assert program.introspect(tokens["access_token"]) == {"active": False}
    served.desk.enable(user)
    assert (program.refresh(tokens["refresh_token"]).status_code == 200) is lives_again


def test_a_disabled_client_is_refused_and_its_tokens_are_dead(served: Served, web: Program, user: User) -> None:
    """R-005, R-041: enabling it again brings no grant back."""
    tokens = web.sign_in(user)

    served.desk.disable_client(web.client)

    assert error(web.refresh(tokens["refresh_token"])) == (401, "invalid_client")
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")
    served.desk.enable_client(web.client)
    assert error(web.refresh(tokens["refresh_token"])) == SPENT


def test_a_deleted_user_is_gone_from_everywhere(served: Served, web: Program, user: User) -> None:
    tokens = web.sign_in(user)

    served.desk.delete(user)

    assert error(web.refresh(tokens["refresh_token"])) == SPENT
    assert web.introspect(tokens["access_token"]) == {"active": False}
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")


def test_a_deleted_client_is_unknown_and_stays_so_under_the_same_name(served: Served, web: Program, user: User) -> None:
    """A second client of that name does not inherit the first one's grants."""
    tokens = web.sign_in(user)

    served.desk.delete_client(web.client)

    assert error(web.refresh(tokens["refresh_token"])) == (401, "invalid_client")
    twin = Program(served, served.registry.client(id=web.client.id))
    served.clock.advance(1_000)
    assert error(twin.refresh(tokens["refresh_token"])) == SPENT
    assert twin.introspect(tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize(("action", "lives"), [("ignore", True), ("revoke_all", False)])
def test_a_rotated_secret_replaces_the_old_one_at_once(
    served: Served, new_program: NewProgram, user: User, action: str, lives: bool
) -> None:
    """on_secret_rotation = ignore by default: people are not signed out because a program got a new secret."""
    old = new_program(policy={"on_secret_rotation": action} if action != "ignore" else {})
    token = old.sign_in(user)["refresh_token"]

    secret = served.desk.rotate_secret(old.client)

    new = Program(served, Registered(old.client.id, secret))
    assert error(old.refresh(token)) == (401, "invalid_client")
    assert new.refresh(token).status_code == (200 if lives else 400)


def test_a_scope_that_the_client_lost_is_missing_from_the_next_token(served: Served, web: Program, user: User) -> None:
    """R-006, R-044: scope is within what the client may have now."""
    token = web.sign_in(user)["refresh_token"]

    served.desk.update(web.client, scope="openid offline_access")

    assert web.renewed(token)["scope"] == "openid offline_access"


def test_a_client_that_lost_every_scope_is_told_so_and_nothing_is_spent(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """design: row 11, "nothing left after dropping what client or subject have lost since"."""
    program = new_program(scope="read")
    token = program.sign_in(user, scope="read")["refresh_token"]
    served.desk.update(program.client, scope="write")

    assert error(program.refresh(token)) == (400, "invalid_scope")

    served.desk.update(program.client, scope="read")
    assert program.refresh(token).status_code == 200


def test_a_client_that_lost_the_refresh_grant_may_not_refresh(served: Served, web: Program, user: User) -> None:
    token = web.sign_in(user)["refresh_token"]

    served.desk.update(web.client, grant_types=("authorization_code",))

    assert error(web.refresh(token)) == (400, "unauthorized_client")


def test_an_operator_ends_a_grant(served: Served, web: Program, user: User) -> None:
    tokens = web.sign_in(user)

    served.desk.end_grant(web.claims(tokens["access_token"])["gid"])

    assert error(web.refresh(tokens["refresh_token"])) == SPENT
    assert web.introspect(tokens["access_token"]) == {"active": False}


def test_a_code_that_was_issued_before_the_password_changed_is_worth_nothing(
    served: Served, web: Program, user: User
) -> None:
    """A pending grant is a grant."""
    code = web.ask(user)

    served.desk.set_password(user, NEW)

    assert error(web.exchange(code)) == SPENT


def test_others_grants_are_untouched(served: Served, web: Program, user: User) -> None:
    other = served.registry.user()
    token = web.sign_in(other, scope=OFFLINE)["refresh_token"]
    web.sign_in(user)

    served.desk.disable(user)

    assert web.refresh(token).status_code == 200


def test_a_running_server_notices_within_a_second(served: Served, web: Program) -> None:
    """The clock is not moved here: this is the machine's second."""
    assert body(web.token(grant_type="client_credentials"))["expires_in"] == 900
    served.desk.update(web.client, policy={"access_token_lifetime": 60_000})
    served.clock.reset()
    changed = time.monotonic()

    until(
        lambda: body(web.token(grant_type="client_credentials"))["expires_in"] == 60,
        what="the server knows of the new policy",
        seconds=5,
    )

    assert time.monotonic() - changed < 1.5
