"""The pages of an authorization: who is asked what, and what a form is worth. OpenID Connect Core §3.1.2."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from evergrant.protocol.scope import Scope
from tests.protocol.changes import change_client
from tests.protocol.conftest import ON_BOTH
from tests.protocol.person import Landing
from tests.protocol.program import Code, Program, verifier
from tests.protocol.registry import CALLBACK, User
from tests.protocol.served import MINUTE, SECOND, Served
from tests.protocol.tab import FROM_OUR_PAGE, Tab, is_error_page, origin_of, sent_to, shows, tab, text_of

pytestmark = ON_BOTH
NOWHERE = Landing("", {}, ())
FOREIGN_FORMS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
]


@pytest.fixture
def browser(served: Served) -> Iterator[Tab]:
    with tab(served.url) as opened:
        yield opened


def consent_page(browser: Tab, program: Program, user: User, **parameters: str) -> httpx2.Response:
    """A browser in which this person has just signed in."""
    page = browser.sign_in(browser.open(program.authorization_url(verifier(), **parameters)), user)
    assert shows(page, "allow"), page.text
    return page


def code_of(answer: httpx2.Response) -> str:
    return sent_to(answer, CALLBACK)["code"]


def error_of(answer: httpx2.Response) -> str:
    return sent_to(answer, CALLBACK)["error"]


# --- a code, and the grant it opens


def test_an_allowed_request_opens_one_pending_grant(served: Served, browser: Tab, web: Program, user: User) -> None:
    browser.press(consent_page(browser, web, user, nonce="n-1"), "allow")

    (grant,) = served.registry.grants_of(web.client)
    assert (grant.state, grant.generation, grant.subject, grant.nonce) == ("pending", 0, user.id, "n-1")
    assert grant.pending_expires_at - grant.created_at == 60 * SECOND
    assert (grant.amr, grant.offline, grant.refreshable, grant.redirect_uri) == (("pwd",), True, True, CALLBACK)


def test_the_code_is_for_the_session_of_the_sign_in(served: Served, browser: Tab, web: Program, user: User) -> None:
    proof = verifier()
    page = browser.sign_in(browser.open(web.authorization_url(proof)), user)
    answer = browser.press(page, "allow")

    tokens = web.exchange(Code(code_of(answer), proof, NOWHERE)).json()

    (grant,) = served.registry.grants_of(web.client)
    assert web.claims(tokens["id_token"])["sid"] == grant.session_id


def test_a_form_sent_twice_gives_the_same_code_and_one_grant(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    """R-014: a double click is no second authorization."""
    page = consent_page(browser, web, user)

    codes = {code_of(browser.send(page, "allow")) for _ in range(3)}

    assert len(codes) == 1
    assert len(served.registry.grants_of(web.client)) == 1


def test_an_interaction_whose_code_was_used_is_over(served: Served, browser: Tab, web: Program, user: User) -> None:
    """R-014."""
    proof = verifier()
    page = browser.sign_in(browser.open(web.authorization_url(proof)), user)
    code = code_of(browser.send(page, "allow"))
    assert web.exchange(Code(code, proof, NOWHERE)).status_code == 200

    assert is_error_page(browser.send(page, "allow"))
    assert [grant.state for grant in served.registry.grants_of(web.client)] == ["active"]


def test_an_interaction_whose_code_expired_is_over(served: Served, browser: Tab, web: Program, user: User) -> None:
    page = consent_page(browser, web, user)
    browser.send(page, "allow")

    served.clock.advance(MINUTE)

    assert is_error_page(browser.send(page, "allow"))


# --- who is asked to sign in


def test_prompt_none_gives_a_code_where_nobody_has_to_be_asked(browser: Tab, web: Program, user: User) -> None:
    """OpenID Connect Core §3.1.2.6."""
    quiet = web.authorization_url(verifier(), prompt="none")
    assert error_of(browser.open(quiet)) == "login_required"
    page = consent_page(browser, web, user)
    assert error_of(browser.open(quiet)) == "consent_required"

    browser.press(page, "allow")

    assert code_of(browser.open(quiet))


@pytest.mark.parametrize("parameters", [{"prompt": "login"}, {"max_age": "0"}, {"prompt": "select_account"}])
def test_a_new_sign_in_is_asked_for_in_spite_of_a_session(
    browser: Tab, web: Program, user: User, parameters: dict[str, str]
) -> None:
    browser.press(consent_page(browser, web, user), "allow")

    page = browser.open(web.authorization_url(verifier(), **parameters))

    assert shows(page, "sign-in")
    assert code_of(browser.sign_in(page, user))


def test_max_age_is_the_age_of_the_sign_in(served: Served, browser: Tab, web: Program, user: User) -> None:
    browser.press(consent_page(browser, web, user), "allow")

    served.clock.advance(5 * MINUTE)

    assert code_of(browser.open(web.authorization_url(verifier(), max_age="600")))
    assert shows(browser.open(web.authorization_url(verifier(), max_age="299")), "sign-in")
    assert error_of(browser.open(web.authorization_url(verifier(), max_age="299", prompt="none"))) == "login_required"


def test_somebody_else_who_signs_in_starts_another_session(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    """Q-15: re-authentication never carries one person's session over to another."""
    browser.press(consent_page(browser, web, user), "allow")
    before = browser.cookie("eg_session")
    other = served.registry.user()

    page = browser.sign_in(browser.open(web.authorization_url(verifier(), prompt="login")), other)

    assert other.username in text_of(page)
    assert browser.cookie("eg_session") not in (None, before)
    browser.press(page, "allow")
    mine, first = served.registry.grants_of(web.client)
    assert (mine.subject, first.subject) == (other.id, user.id)
    assert mine.session_id != first.session_id


def test_the_wrong_person_can_switch(served: Served, browser: Tab, web: Program, user: User) -> None:
    other = served.registry.user()

    page = browser.press(consent_page(browser, web, user), "switch")
    page = browser.sign_in(page, other)

    assert other.username in text_of(page)
    browser.press(page, "allow")
    (grant,) = served.registry.grants_of(web.client)
    assert grant.subject == other.id


# --- who is asked to allow


def test_consent_is_remembered_until_more_is_asked_for(browser: Tab, web: Program, user: User) -> None:
    browser.press(consent_page(browser, web, user, scope="openid read"), "allow")

    assert code_of(browser.open(web.authorization_url(verifier(), scope="read")))
    assert shows(browser.open(web.authorization_url(verifier(), scope="openid read", prompt="consent")), "allow")
    page = browser.open(web.authorization_url(verifier(), scope="openid read write"))
    assert shows(page, "allow")
    browser.press(page, "allow")
    assert code_of(browser.open(web.authorization_url(verifier(), scope="openid read write")))


def test_a_program_on_the_device_is_asked_about_every_time(browser: Tab, spa: Program, user: User) -> None:
    """S-020, Q-12: the redirect URI of a public client on a loopback port could be anybody's."""
    browser.press(consent_page(browser, spa, user), "allow")

    again = browser.open(spa.authorization_url(verifier()))

    assert shows(again, "allow")
    assert error_of(browser.open(spa.authorization_url(verifier(), prompt="none"))) == "consent_required"


def test_a_first_party_client_is_not_asked_about(served: Served, browser: Tab, web: Program, user: User) -> None:
    change_client(served, web.client, first_party=True)

    assert code_of(browser.sign_in(browser.open(web.authorization_url(verifier())), user))


def test_no_is_told_to_the_client_and_written_down(served: Served, browser: Tab, web: Program, user: User) -> None:
    answer = browser.press(consent_page(browser, web, user), "deny")

    assert error_of(answer) == "access_denied"
    assert served.registry.events(answer.headers["x-correlation-id"]) == [("consent_denied", "denied")]
    assert served.registry.grants_of(web.client) == ()


def test_the_consent_page_says_what_for_whom_and_for_how_long(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    served.registry.api("https://notes.example", ("notes",))
    change_client(
        served, web.client, audiences=("https://notes.example",), scope=Scope.parse("openid offline_access notes")
    )

    said = text_of(consent_page(browser, web, user, scope="openid offline_access notes"))

    for expected in ("Do notes", "https://notes.example", "For 90 days", user.username, "127.0.0.1", web.client.id):
        assert expected in said


# --- what a form is worth


@pytest.mark.parametrize("headers", FOREIGN_FORMS)
def test_a_form_of_another_site_is_refused(
    served: Served, browser: Tab, web: Program, user: User, headers: dict[str, str]
) -> None:
    """S-124, Q-14."""
    page = browser.open(web.authorization_url(verifier()))
    assert is_error_page(browser.send(page, "sign-in", headers, username=user.username, password=user.password))

    page = browser.sign_in(page, user)
    assert is_error_page(browser.send(page, "allow", headers))

    assert served.registry.grants_of(web.client) == ()


@pytest.mark.parametrize("headers", [{}, FROM_OUR_PAGE, {"Sec-Fetch-Site": "none"}])
def test_a_form_of_ours_is_accepted_from_old_and_new_browsers(
    browser: Tab, web: Program, user: User, headers: dict[str, str]
) -> None:
    page = consent_page(browser, web, user)

    assert code_of(browser.send(page, "allow", headers or {"Origin": origin_of(web.issuer)}))


def test_an_interaction_cannot_be_finished_in_another_browser(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    """R-015: an attacker who starts a flow cannot have a victim finish it."""
    started = browser.open(web.authorization_url(verifier()))
    with tab(served.url) as victim:
        victim.press(consent_page(victim, web, user), "allow")
        assert is_error_page(victim.send(started, "sign-in", username=user.username, password=user.password))
    mine = consent_page(browser, web, user, prompt="consent")
    with tab(served.url) as other:
        assert is_error_page(other.send(mine, "allow"))


def test_a_page_is_good_for_ten_minutes(served: Served, browser: Tab, web: Program, user: User) -> None:
    page = browser.open(web.authorization_url(verifier()))

    served.clock.advance(10 * MINUTE + SECOND)

    assert is_error_page(browser.send(page, "sign-in", username=user.username, password=user.password))


def test_no_step_can_be_skipped(served: Served, browser: Tab, web: Program, user: User) -> None:
    """R-014, T-08: the field of one page is worth nothing at another."""
    sign_in = browser.open(web.authorization_url(verifier()))
    sealed = sign_in.text.partition('name="interaction" value="')[2].partition('"')[0]
    consent = consent_page(browser, web, user)
    allowing = consent.text.partition('name="interaction" value="')[2].partition('"')[0]

    def post(path: str, **fields: str) -> httpx2.Response:
        return browser.http.post(f"{web.issuer}{path}", data=fields, headers=FROM_OUR_PAGE)

    assert is_error_page(post("/consent", interaction=sealed, decision="allow"))
    assert is_error_page(browser.open(f"{web.issuer}/authorize/continue?interaction={sealed}"))
    assert is_error_page(browser.open(f"{web.issuer}/authorize/continue?interaction={allowing}"))
    assert is_error_page(browser.open(f"{web.issuer}/authorize/continue"))
    assert is_error_page(post("/sign-in", interaction=allowing, username=user.username, password=user.password))
    assert is_error_page(post("/consent", interaction=allowing))
    assert is_error_page(post("/consent", interaction=allowing, decision="maybe"))
    assert is_error_page(post("/consent", decision="allow"))
    assert served.registry.grants_of(web.client) == ()


def test_signing_out_in_between_asks_again(browser: Tab, web: Program, user: User) -> None:
    page = consent_page(browser, web, user)
    browser.press(browser.open(f"{web.issuer}/logout"), "sign-out")

    assert shows(browser.press(page, "allow"), "sign-in")


def test_a_client_that_changed_in_between_is_judged_as_it_is_now(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    page = consent_page(browser, web, user)
    change_client(served, web.client, redirect_uris=("https://moved.example/cb",))
    served.clock.advance(2 * SECOND)

    assert is_error_page(browser.send(page, "allow"))


# --- the browser


def test_cookies_hold_chance_only_and_are_kept_from_scripts(browser: Tab, web: Program, user: User) -> None:
    """Q-16, R-034."""
    first = browser.open(web.authorization_url(verifier()))
    second = browser.send(first, "sign-in", username=user.username, password=user.password)

    assert second.status_code == 303
    for line in [*first.headers.get_list("set-cookie"), *second.headers.get_list("set-cookie")]:
        assert "; HttpOnly" in line
        assert "; Path=/" in line
        assert "; SameSite=lax" in line
        assert "Domain" not in line
        assert web.client.id not in line
        assert user.username not in line
    assert len(second.headers.get_list("set-cookie")) == 2


def test_two_session_cookies_are_none(browser: Tab, web: Program, user: User) -> None:
    """Q-16: of two, one was planted by a neighbour."""
    browser.press(consent_page(browser, web, user), "allow")
    mine = browser.cookie("eg_session")
    quiet = web.authorization_url(verifier(), prompt="none")

    with httpx2.Client() as bare:
        one = bare.get(quiet, headers={"Cookie": f"eg_session={mine}"})
        two = bare.get(quiet, headers={"Cookie": f"eg_session={mine}; eg_session={mine}"})

    assert "code" in sent_to(one, CALLBACK)
    assert error_of(two) == "login_required"


def test_pages_cannot_be_framed_and_let_a_form_go_to_the_client_only(browser: Tab, web: Program, user: User) -> None:
    """S-010, S-126, Q-17."""
    sign_in = browser.open(web.authorization_url(verifier()))
    for page in (sign_in, browser.sign_in(sign_in, user)):
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self' http://127.0.0.1" in policy
        assert "unsafe" not in policy
        assert (page.headers["x-frame-options"], page.headers["cache-control"]) == ("DENY", "no-store")
        assert page.headers["referrer-policy"] == "no-referrer"


def test_our_own_links_stay_on_the_issuer_s_path_whatever_the_host_says(browser: Tab, web: Program, user: User) -> None:
    """R-035, R-037."""
    page = browser.open(web.authorization_url(verifier()))
    answer = browser.send(page, "sign-in", username=user.username, password=user.password)

    assert answer.headers["location"].startswith(f"{web.issuer}/authorize/continue?interaction=")
    assert urlsplit(answer.headers["location"]).query.count("=") == 1


def test_each_realm_has_its_own_sessions_pages_and_paths(
    served: Served, browser: Tab, web: Program, user: User
) -> None:
    name = f"tenant-{user.username}"
    served.desk.new_realm(name)
    theirs = Program(served, served.registry.client(realm=name))
    somebody = served.registry.user(realm=name)
    browser.press(consent_page(browser, web, user), "allow")

    page = browser.open(theirs.authorization_url(verifier()))

    assert shows(page, "sign-in")
    assert f'action="/realms/{name}/sign-in"' in page.text
    answer = browser.press(browser.sign_in(page, somebody), "allow")
    assert sent_to(answer, CALLBACK)["iss"] == served.at(name)
    assert browser.cookie(f"eg_session-{name}") not in (None, browser.cookie("eg_session"))
    assert code_of(browser.open(web.authorization_url(verifier(), prompt="none")))
    sealed = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    form = {"interaction": sealed, "username": user.username, "password": user.password}
    assert is_error_page(browser.http.post(f"{served.url}/sign-in", data=form, headers=FROM_OUR_PAGE))
