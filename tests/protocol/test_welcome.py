"""The first page, its playground's report, and the static files."""

import json
from collections.abc import Iterator
from hashlib import sha256

import httpx2
import pytest

from tests.protocol.conftest import NewProgram
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body
from tests.protocol.tab import Tab, tab


@pytest.fixture
def browser(served: Served) -> Iterator[Tab]:
    with tab(served.url) as opened:
        yield opened


def report(served: Served, token: str, gid: str) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return served.http.get(f"{served.url}/playground/grant", params={"gid": gid}, headers=headers)


def test_development_mode_tells_what_runs_here(served: Served, browser: Tab) -> None:
    page = browser.open(f"{served.url}/")

    assert page.status_code == 200
    for expected in (served.url, "demo-web", "ES256", "RS256", "/.well-known/openid-configuration", 'id="playground"'):
        assert expected in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_the_demo_s_secrets_are_not_on_the_page(served: Served, browser: Tab) -> None:
    """S-012."""
    demo = json.loads((served.settings.data_dir / "demo.json").read_text())

    page = browser.open(f"{served.url}/").text

    assert demo["user"]["password"] not in page
    assert demo["clients"]["demo-service"]["client_secret"] not in page


def test_the_playground_sees_its_own_grant_and_how_it_ended(served: Served, web: Program, user: User) -> None:
    tokens = web.sign_in(user)
    gid = str(web.claims(tokens["access_token"])["gid"])

    before = body(report(served, tokens["access_token"], gid))
    web.revoke(tokens["refresh_token"])
    after = body(report(served, tokens["access_token"], gid))

    assert (before["grant"]["id"], before["grant"]["state"], before["grant"]["generation"]) == (gid, "active", 1)
    assert {event["kind"] for event in before["events"]} == {"grant_opened", "grant_exchanged"}
    assert (after["grant"]["state"], after["grant"]["revoked_reason"]) == ("revoked", "by_client")
    assert all(event["text"] and event["correlation_id"] and event["at"] for event in after["events"])


def test_the_playground_tells_nobody_else(served: Served, web: Program, user: User, new_program: NewProgram) -> None:
    tokens, others = web.sign_in(user), new_program().sign_in(user)
    gid = str(web.claims(tokens["access_token"])["gid"])

    assert report(served, others["access_token"], gid).status_code == 401
    assert report(served, tokens["refresh_token"], gid).status_code == 401
    assert report(served, tokens["id_token"], gid).status_code == 401
    assert report(served, "x", gid).status_code == 401
    assert report(served, tokens["access_token"], "zz").status_code == 400


def test_static_files_are_kept_for_ever_under_the_name_of_their_content(served: Served, browser: Tab) -> None:
    page = browser.open(f"{served.url}/").text
    links = [part.partition('"')[0] for part in page.split('"/static/')[1:]]
    assert links

    for link in links:
        answer = browser.http.get(f"{served.url}/static/{link}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert link.endswith(sha256(answer.content).hexdigest()[:8])
        assert answer.headers["x-content-type-options"] == "nosniff"
    stale = browser.http.get(f"{served.url}/static/evergrant.css?v=00000000")
    assert stale.headers["content-type"] == "text/css; charset=utf-8"
    assert stale.headers["cache-control"] == "public, max-age=0, must-revalidate"
    again = browser.http.get(f"{served.url}/static/evergrant.css", headers={"If-None-Match": stale.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    ["../render.py", "..%2frender.py", "%2e%2e/render.py", "/etc/passwd", "vendor/../../render.py", "vendor", ""],
)
def test_no_path_leads_out_of_the_static_files(served: Served, path: str) -> None:
    assert served.http.get(f"{served.url}/static/{path}").status_code == 404
