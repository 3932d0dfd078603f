"""What people and their tools rely on: names, labels, ids, autocomplete, titles (WCAG 2.2 AA, design/product.md)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.pages.world import (
    CONSENT,
    ERROR,
    LOGOUT,
    PAGES,
    SIGN_IN,
    VIEWS,
    WELCOME,
    Document,
    View,
    read,
    render,
)


def of(view: View) -> Document:
    return read(render(view).html)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_every_page_has_a_language_a_title_one_heading_and_unique_ids(view: View) -> None:
    page = of(view)
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]

    assert (page.all("html")[0].attributes["lang"], page.all("html")[0].attributes["dir"]) == ("en", "ltr")
    assert page.all("title")[0].text.strip()
    assert [len(page.all("h1")), len(page.all("main"))] == [1, 1]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_every_field_that_is_seen_has_a_label_and_every_reference_leads_somewhere(view: View) -> None:
    page = of(view)
    labelled = {label.attributes["for"] for label in page.all("label")}
    ids = {element.attributes["id"] for element in page.elements if "id" in element.attributes}

    assert {i.attributes["id"] for i in page.all("input") if i.attributes["type"] != "hidden"} == labelled
    for element in page.elements:
        for name in ("aria-describedby", "aria-labelledby"):
            assert set(element.attributes.get(name, "").split()) <= ids


def test_a_password_manager_finds_the_sign_in_form() -> None:
    page = of(SIGN_IN)

    (form,) = page.all("form")
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/sign-in")
    assert page.by_id("username").attributes["autocomplete"] == "username"
    assert page.by_id("password").attributes["autocomplete"] == "current-password"
    assert page.by_id("password").attributes["type"] == "password"
    assert page.by_id("sign-in").attributes["type"] == "submit"
    assert not any("onpaste" in element.attributes for element in page.elements)


def test_the_first_empty_field_has_the_focus_and_a_hint_is_filled_in() -> None:
    fresh, known = of(SIGN_IN), of(replace(SIGN_IN, username="ada"))

    assert "autofocus" in fresh.by_id("username").attributes
    assert "autofocus" not in fresh.by_id("password").attributes
    assert known.by_id("username").attributes["value"] == "ada"
    assert "autofocus" in known.by_id("password").attributes
    assert "autofocus" not in known.by_id("username").attributes


def test_a_refused_sign_in_says_so_in_the_title_in_an_alert_and_at_both_fields() -> None:
    page = PAGES.sign_in(replace(SIGN_IN, username="ada", error="They do not match."))
    document = read(page.html)
    alert = document.by_id("sign-in-error")

    assert page.status == 400
    assert document.all("title")[0].text.startswith("Error: ")
    assert alert.attributes["role"] == "alert"
    assert "They do not match." in alert.text
    for name in ("username", "password"):
        assert document.by_id(name).attributes["aria-describedby"] == "sign-in-error"
        assert document.by_id(name).attributes["aria-invalid"] == "true"


def test_somebody_who_is_slowed_down_is_told_for_how_long() -> None:
    page = PAGES.sign_in(replace(SIGN_IN, retry_after_s=12))

    assert (page.status, page.headers["Retry-After"]) == (429, "12")
    assert "in 12 seconds" in read(page.html).by_id("sign-in-error").text


def test_consent_can_be_given_refused_or_handed_to_somebody_else() -> None:
    page = of(CONSENT)

    assert {b.attributes["id"]: (b.attributes["name"], b.attributes["value"]) for b in page.all("button")} == {
        "allow": ("decision", "allow"),
        "deny": ("decision", "deny"),
        "switch": ("decision", "switch"),
    }


def test_consent_names_who_asks_for_whom_for_what_for_how_long_and_where_it_goes() -> None:
    text = of(CONSENT).all("main")[0].text

    for part in (
        "Harbour Notes",
        "harbour-notes",
        "ada",
        "Know who you are",
        "Harbour API",
        "https://api.example/harbour",
        "Read your notes",
        "90 days, or 14 days without use",
        "also while you are away",
        "notes.example",
    ):
        assert part in text


def test_an_app_on_this_device_is_named_as_such_and_others_are_not() -> None:
    """Q-12: a loopback redirect proves nothing about who listens."""
    assert "app on this device" in of(CONSENT).all("main")[0].text
    assert "app on this device" not in of(replace(CONSENT, loopback_warning=False)).all("main")[0].text


def test_a_logout_is_asked_for_with_its_token() -> None:
    page = of(LOGOUT)

    assert {b.attributes["id"] for b in page.all("button")} == {"sign-out", "stay"}
    assert [(i.attributes["name"], i.attributes["value"]) for i in page.all("input")] == [("logout", "token-1")]


def test_an_error_shows_the_reference_that_explains_it() -> None:
    page = PAGES.error(ERROR, status=403)

    assert page.status == 403
    assert "c-1" in read(page.html).all("main")[0].text
    assert read(page.html).all("title")[0].text == "Error: Not possible"


def test_an_error_without_reference_or_hint_is_still_a_page() -> None:
    assert "Reference" not in of(replace(ERROR, correlation_id=None, hint=None)).all("main")[0].text


def test_the_playground_is_told_where_it_is_and_says_what_to_do_without_javascript() -> None:
    page = of(WELCOME)
    told = page.by_id("playground").attributes

    assert told["data-issuer"] == "http://localhost:8000"
    assert told["data-redirect-uri"] == "http://localhost:8000/"
    assert told["data-grant-url"] == "http://localhost:8000/playground/grant"
    assert "JavaScript" in page.all("noscript")[0].text
    assert "ISSUER=http://localhost:8000\n" in page.all("pre")[0].text


def test_every_trial_of_the_playground_says_what_it_proves() -> None:
    page = of(WELCOME)
    trials = [button for button in page.all("button") if "aria-describedby" in button.attributes]

    assert {button.attributes["id"] for button in trials} == {
        "pg-refresh",
        "pg-retry",
        "pg-twice",
        "pg-replay",
        "pg-userinfo",
        "pg-revoke",
        "pg-sign-out",
    }
    assert all(page.by_id(button.attributes["aria-describedby"]).text.strip() for button in trials)
