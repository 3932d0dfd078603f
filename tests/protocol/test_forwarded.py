"""Where a request comes from. Forwarding headers are believed from configured peers only. RFC 7239; S-016, R-036."""

from collections.abc import Iterator

import pytest

from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served
from tests.protocol.served import served as serving

OURS = "127.0.0.0/24"
FORGED = "203.0.113.9"


def seen(program: Program, token: str, **headers: str) -> str:
    """The network that a renewal is remembered to come from."""
    form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": token}
    answer = program.post("/token", form, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, answer.text
    (grant, *_) = program.served.registry.grants_of(program.client)
    return grant.seen.address_prefix


@pytest.mark.parametrize("name", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "True_Client_IP", "CF_Connecting_IP"])
def test_a_forged_header_is_ignored_unless_its_sender_is_configured(web: Program, user: User, name: str) -> None:
    value = f"for={FORGED}" if name == "Forwarded" else FORGED

    assert seen(web, web.sign_in(user)["refresh_token"], **{name: value}) == OURS


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that believes this machine, as a reverse proxy beside it would need."""
    with serving(tmp_path_factory.mktemp("proxied"), trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"]) as found:
        yield found


@pytest.fixture(scope="module")
def proxied(behind_proxy: Served) -> Program:
    return Program(behind_proxy, behind_proxy.registry.client())


@pytest.mark.parametrize(
    ("name", "value", "network"),
    [
        ("X_Forwarded_For", FORGED, "203.0.113.0/24"),
        ("X_Forwarded_For", f"198.51.100.1, {FORGED}", "203.0.113.0/24"),
        ("X_Forwarded_For", f"198.51.100.1, {FORGED}, 10.1.2.3", "203.0.113.0/24"),
        ("X_Forwarded_For", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("X_Forwarded_For", f"{FORGED}:4711", "203.0.113.0/24"),
        ("X_Forwarded_For", "2001:db8:1::%<b>", "2001:db8:1::/48"),  # a zone is text of the sender's
        ("Forwarded", f"for={FORGED};proto=https;by=10.0.0.1", "203.0.113.0/24"),
        ("Forwarded", 'For="[2001:db8:1:2::3]:4711", for=10.0.0.1', "2001:db8:1::/48"),
        ("X_Forwarded_For", "garbage", OURS),
        ("X_Forwarded_For", "", OURS),
        ("X_Forwarded_For", "203.0.113.9.evil.example", OURS),
        ("Forwarded", "for=_hidden", OURS),
        ("Forwarded", "for=unknown", OURS),
        ("Forwarded", '";,=for', OURS),
    ],
)
def test_the_nearest_address_that_is_no_proxy_is_the_callers(
    behind_proxy: Served, proxied: Program, name: str, value: str, network: str
) -> None:
    """RFC 7239 §5.2, §7.4: what lies beyond an unreadable hop is anybody's word."""
    token = proxied.sign_in(behind_proxy.registry.user())["refresh_token"]

    assert seen(proxied, token, **{name: value}) == network


def test_guesses_are_counted_against_the_forwarded_network(behind_proxy: Served) -> None:
    """Otherwise one bad guest would slow down everybody behind the same proxy."""
    program = Program(behind_proxy, behind_proxy.registry.client(grant_types=frozenset({"password"}), profile="legacy"))
    user = behind_proxy.registry.user()
    form: dict[str, str | None] = {"grant_type": "password", "username": user.username, "password": "wrong"}
    for _ in range(8):
        program.post("/token", form, headers={"X-Forwarded-For": "198.51.100.7"})

    right = {**form, "password": user.password}
    assert program.post("/token", right, headers={"X-Forwarded-For": "198.51.100.99"}).status_code == 429
    assert program.post("/token", right, headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 200


def test_metrics_are_for_the_forwarded_address_to_read_or_not(behind_proxy: Served) -> None:
    assert behind_proxy.http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.9"}).status_code == 200
    assert behind_proxy.http.get("/metrics", headers={"X-Forwarded-For": FORGED}).status_code == 403
