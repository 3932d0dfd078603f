"""S-010, S-011, S-126, Q-17: what the browser is told, and that the pages keep to it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from evergrant.server.pages.headers import PageKind, content_security_policy, form_action_origin, headers
from evergrant.server.pages.render import STATIC_FOLDER, Pages
from tests.unit.pages.world import CONSENT, HOME, LOGOUT, PAGES, SIGN_IN, VIEWS, WELCOME, View, read, render

VENDOR = STATIC_FOLDER / "vendor"
STRICT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_no_page_can_be_framed_sniffed_cached_or_named_to_others(view: View) -> None:
    sent = render(view).headers

    assert sent["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in sent["Content-Security-Policy"]
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Referrer-Policy"] == "no-referrer"
    assert sent["Cross-Origin-Resource-Policy"] == "same-origin"
    assert sent["Cache-Control"] == "no-store"
    assert "camera=()" in sent["Permissions-Policy"]
    assert "unsafe" not in sent["Content-Security-Policy"]


def test_only_the_playground_may_run_our_script() -> None:
    policies = {type(view).__name__: render(view).headers["Content-Security-Policy"] for view in VIEWS}

    assert policies.pop("WelcomeView") == STRICT + "; script-src 'self'; connect-src 'self'"
    assert set(policies.values()) == {STRICT}
    assert PAGES.welcome(replace(WELCOME, playground=False)).headers["Content-Security-Policy"] == STRICT


def test_a_client_that_opens_a_flow_in_a_popup_keeps_its_opener() -> None:
    assert "Cross-Origin-Opener-Policy" not in PAGES.sign_in(SIGN_IN).headers
    assert "Cross-Origin-Opener-Policy" not in PAGES.consent(CONSENT).headers
    assert PAGES.welcome(WELCOME).headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_browsers_are_told_to_stay_with_https_only_where_there_is_https() -> None:
    assert PAGES.home(HOME).headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Strict-Transport-Security" not in Pages("/static", https=False).home(HOME).headers


def test_a_form_may_lead_to_the_proven_client() -> None:
    origin = "https://app.example:8443"

    for page in (
        PAGES.sign_in(replace(SIGN_IN, form_action_origin=origin)),
        PAGES.sign_in(replace(SIGN_IN, form_action_origin=origin, retry_after_s=1)),
        PAGES.consent(replace(CONSENT, form_action_origin=origin)),
        PAGES.logout_confirm(replace(LOGOUT, form_action_origin=origin)),
    ):
        assert page.headers["Content-Security-Policy"].endswith(f"form-action 'self' {origin}")


@pytest.mark.parametrize(
    ("redirect_uri", "source"),
    [
        ("https://app.example/cb?x=1", "https://app.example"),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:5000"),
        ("http://[::1]:5000/cb", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("javascript:alert(1)", None),
        ("https://app.example; script-src *", None),
    ],
)
def test_a_redirect_uri_becomes_a_source_that_browsers_understand(redirect_uri: str, source: str | None) -> None:
    assert form_action_origin(redirect_uri) == source
    assert source is None or source in content_security_policy(PageKind.DOCUMENT, source)


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example; script-src *",
        "https://app.example,https://evil.example",
        "https://a.example https://evil.example",
        "https://app.example\r\nSet-Cookie: a=b",
        "https://app.example\n",
        "https://*.example",
        "https://user@app.example",
        "https://app.example/path",
        "javascript:",
        "data:",
        "*",
        "'unsafe-inline'",
        "",
    ],
)
def test_what_is_no_origin_never_gets_into_the_policy(origin: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        headers(PageKind.DOCUMENT, origin, https=True)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_no_page_has_inline_style_inline_script_or_a_handler(view: View) -> None:
    page = read(render(view).html)

    assert not page.all("style")
    assert all(script.attributes["src"] and not script.text.strip() for script in page.all("script"))
    for element in page.elements:
        assert "style" not in element.attributes
        assert not any(name.startswith("on") for name in element.attributes)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_everything_a_page_loads_is_our_own_and_exists(view: View) -> None:
    page = read(render(view).html)
    loaded = [e.attributes["src"] for e in page.where(lambda e: "src" in e.attributes)]
    loaded += [e.attributes["href"] for e in page.all("link")]

    assert loaded
    for address in loaded:
        parts = re.fullmatch(r"/static/([a-z./-]+)\?v=([0-9a-f]{8})", address)
        assert parts is not None, address
        assert hashlib.sha256((STATIC_FOLDER / parts[1]).read_bytes()).hexdigest().startswith(parts[2])


@pytest.mark.parametrize("name", ["evergrant.css", "mark.svg", "oauth.js", "playground-view.js", "playground.js"])
def test_our_own_static_files_name_no_other_host_and_build_no_markup_from_text(name: str) -> None:
    text = (STATIC_FOLDER / name).read_text(encoding="utf-8")

    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}
    for danger in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "localStorage",
        "@import",
    ):
        assert danger not in text


def test_the_vendored_style_sheet_is_the_published_one() -> None:
    lines = [line.split("  ") for line in (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
    listed = {name: digest for digest, name in lines}

    assert set(listed) == {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
    assert listed["pico.classless.min.css"] == "61207a40ffc02a42d1e50143651c121beab70ed413c934c1ff84fa263ba436b0"


def test_pages_refuse_a_static_file_that_does_not_exist() -> None:
    with pytest.raises(FileNotFoundError):
        PAGES.static_url("nothing.css")
