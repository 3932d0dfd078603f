"""From what the engine says to an answer for a browser: pages, redirects (303, never with the form's body), cookies."""

from typing import Final, assert_never
from urllib.parse import urlsplit

from starlette.responses import Response

from evergrant.core.throttle import Throttled
from evergrant.server.http import consent_view, cookies
from evergrant.server.issuer import Issuer
from evergrant.server.outcomes import (
    ConsentPage,
    Entered,
    Incomplete,
    Outcome,
    Problem,
    Redirect,
    SignInPage,
    WrongPassword,
)
from evergrant.server.pages.headers import form_action_origin
from evergrant.server.pages.render import Page
from evergrant.server.pages.views import SignInView

WRONG: Final = "The username or password is wrong."
INCOMPLETE: Final = "Enter your username and your password."
SLOWED: Final = "Too many attempts."


def show(page: Page) -> Response:
    """A page with the headers that belong to it."""
    return Response(
        page.html, status_code=page.status, headers=dict(page.headers), media_type="text/html; charset=utf-8"
    )


def see_other(url: str) -> Response:
    """Go there with GET, whatever this request carried (S-003)."""
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)


def path_of(issuer: Issuer, endpoint: str) -> str:
    """The path of an endpoint on the issuer's own origin, wherever the application is mounted."""
    return urlsplit(issuer.url).path.rstrip("/") + endpoint


def answer(issuer: Issuer, outcome: Outcome | Entered) -> Response:
    """The page, or the redirect."""
    match outcome:
        case SignInPage():
            return show(issuer.pages.sign_in(_sign_in_view(issuer, outcome)))
        case ConsentPage():
            return show(issuer.pages.consent(consent_view.of(outcome, path_of(issuer, "/consent"), issuer.title)))
        case Redirect(url=url):
            return see_other(url.reveal())
        case Entered():
            response = see_other(outcome.url.reveal())
            cookies.keep_session(response, issuer, outcome.session, outcome.known)
            return response
        case _:
            assert_never(outcome)


def _sign_in_view(issuer: Issuer, page: SignInPage) -> SignInView:
    error, retry_after_s = _problem(page.problem)
    return SignInView(
        action=path_of(issuer, "/sign-in"),
        interaction=page.interaction,
        client_name=page.client.name,
        realm_name=issuer.title,
        username=page.username,
        error=error,
        retry_after_s=retry_after_s,
        form_action_origin=form_action_origin(page.redirect_uri),
    )


def _problem(problem: Problem | None) -> tuple[str | None, int | None]:
    match problem:
        case None:
            return None, None
        case WrongPassword():
            return WRONG, None
        case Incomplete():
            return INCOMPLETE, None
        case Throttled(retry_after_s=wait):
            return SLOWED, wait
        case _:
            assert_never(problem)
