"""S-126, S-127, R-038: whatever a stranger supplied is text on every page, and looks like what it is."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.server.pages.display import ELLIPSIS, display
from tests.unit.pages.world import CONSENT, PAGES, SIGN_IN, SIGNED_OUT, VIEWS, View, read, render, with_every_text

CORPUS = (
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" autofocus onfocus=alert(1) x="',
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "</code></pre></noscript><iframe src=//evil.example>",
    "<!--",
    "]]>",
    "<svg/onload=alert(1)>",
    "<style>@import '//evil.example'</style>",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "\uff1cscript\uff1e",
    "<base href=//evil.example>",
    '<meta http-equiv=refresh content="0;//evil.example">',
    "`-alert(1)-`",
    "${alert(1)}",
    "\u2028alert(1)\u2029",
    "+ADw-script+AD4-",
)


@pytest.mark.parametrize("hostile", CORPUS)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_no_text_changes_the_shape_of_any_page(view: View, hostile: str) -> None:
    harmless = read(render(with_every_text(view, lambda text: "harmless")).html)
    attacked = read(render(with_every_text(view, lambda text: hostile)).html)

    assert attacked.shape() == harmless.shape()


@pytest.mark.parametrize("hostile", CORPUS)
def test_text_reads_back_as_it_was_given(hostile: str) -> None:
    page = read(PAGES.consent(replace(CONSENT, client_name=hostile, interaction=hostile)).html)

    assert page.all("h1")[0].text == f"{display(hostile, 80)} asks for access to your account"
    assert page.all("title")[0].text == f"Allow {display(hostile, 80)}?"


def test_a_hidden_field_carries_its_value_exactly_however_long_it_is() -> None:
    sealed = "ey" + "A1-_." * 2000 + '"<&'

    (hidden,) = [
        field
        for field in read(PAGES.sign_in(replace(SIGN_IN, interaction=sealed)).html).all("input")
        if field.attributes["type"] == "hidden"
    ]

    assert hidden.attributes["value"] == sealed


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "JaVaScRiPt:alert(1)", " x"]
)
def test_a_continue_address_that_is_no_redirect_uri_is_not_made_a_link(url: str) -> None:
    assert not read(PAGES.signed_out(replace(SIGNED_OUT, continue_url=url)).html).all("a")


def test_a_continue_address_is_a_link_that_tells_nobody_where_it_came_from() -> None:
    (link,) = read(PAGES.signed_out(SIGNED_OUT).html).all("a")

    assert (link.attributes["href"], link.attributes["rel"]) == ("https://notes.example/bye", "noreferrer")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Bank\u202egro.live", "Bank[U+202E]gro.live"),
        ("a\u200bb", "a[U+200B]b"),
        ("a\x00b\nc\td", "a[U+0000]b[U+000A]c[U+0009]d"),
        ("\u3164\u2800", "[U+3164][U+2800]"),
        ("x\U000e0041", "x[U+E0041]"),
        ("a\u00a0b\u3000c", "a b c"),
        ("Zoë · 日本 · مرحبا", "Zoë · 日本 · مرحبا"),
        ("\ud800", "[U+D800]"),
    ],
)
def test_a_character_that_hides_or_reorders_others_is_shown(given: str, shown: str) -> None:
    assert display(given, 80) == shown


def test_a_long_text_is_cut_with_an_ellipsis_and_an_escape_is_never_cut_in_half() -> None:
    assert display("a" * 11, 10) == "a" * 9 + ELLIPSIS
    assert display("a" * 10, 10) == "a" * 10
    assert display("aaaa\u202eb", 10) == "aaaa" + ELLIPSIS
    assert display("aaa\u202eb", 10) == "aaa" + ELLIPSIS


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_what_is_shown_is_never_longer_than_its_limit_and_never_invisible(text: str, limit: int) -> None:
    shown = display(text, limit)

    assert len(shown) <= limit
    assert all(unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for character in shown)
