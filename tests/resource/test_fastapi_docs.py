"""The Authorize button of FastAPI's documentation, in a real browser, with our server behind it."""

import json
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI, Security
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from playwright.sync_api import Page, expect
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from evergrant.protocol.values import ClientId
from evergrant.resource import AccessToken, Guard, Resource
from evergrant.resource.fastapi import FastAPIGuard
from tests.e2e.journey import sign_in
from tests.e2e.site import add_api, open_site
from tests.protocol.registry import User
from tests.protocol.served import Served
from tests.resource.serving import asgi_served
from tests.support.oidc_provider import NODE

AUDIENCE = "https://notes.example/api"
SCOPES = {"notes:read": "Read your notes", "notes:write": "Change your notes"}
CLIENT = "docs-of-notes"
PATIENCE = 15_000  # milliseconds: a shared machine is slow at times
SWAGGER_UI = NODE / "node_modules" / "swagger-ui-dist"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for the tests of this file, which knows the API."""
    with open_site(tmp_path_factory.mktemp("site")) as found:
        add_api(found, AUDIENCE, "Notes", SCOPES)
        yield found


@pytest.fixture
def user(site: Served) -> User:
    return site.registry.user(claims={"name": "Ada"})


def application(site: Served) -> FastAPI:
    """The API. Its documentation is FastAPI's own page, with Swagger UI from here and not from the net."""
    notes = FastAPIGuard(Guard(Resource(AUDIENCE, site.url, scopes=SCOPES, name="Notes"), clock=site.clock))
    app = FastAPI(title="Notes", docs_url=None)
    notes.install(app, docs_client_id=CLIENT)
    app.mount("/swagger-ui", StaticFiles(directory=SWAGGER_UI))

    @app.get("/notes")
    async def list_notes(token: Annotated[AccessToken, Security(notes, scopes=["notes:read"])]) -> dict[str, object]:
        """What you wrote."""
        return {"of": token.subject, "client": token.client_id, "scopes": sorted(token.scopes)}

    async def docs(request: Request) -> Response:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Notes",
            swagger_js_url="/swagger-ui/swagger-ui-bundle.js",
            swagger_css_url="/swagger-ui/swagger-ui.css",
            swagger_favicon_url="/swagger-ui/favicon-32x32.png",
            oauth2_redirect_url="/docs/oauth2-redirect",
            init_oauth=app.swagger_ui_init_oauth,
        )

    async def back(request: Request) -> Response:
        return get_swagger_ui_oauth2_redirect_html()

    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/docs/oauth2-redirect", back, include_in_schema=False)
    return app


@pytest.fixture(scope="module")
def origin(site: Served) -> Iterator[str]:
    """Where the API is."""
    with asgi_served(application(site)) as port:
        here = f"http://localhost:{port}"
        site.registry.client(
            id=ClientId(CLIENT),
            public=True,
            scope="openid profile notes:read notes:write",
            audiences=(AUDIENCE,),
            redirect_uris=(f"{here}/docs/oauth2-redirect",),
            allowed_origins=(here,),
        )
        yield here


def test_whoever_signs_in_by_the_authorize_button_may_try_a_protected_operation(
    page: Page, origin: str, site: Served, user: User
) -> None:
    page.goto(f"{origin}/docs")
    operation = page.locator("#operations-default-list_notes_notes_get")
    page.locator("button.authorize").click()
    by_code = page.locator(".auth-container > div", has_text="Flow: authorization_code with PKCE")

    with page.expect_popup() as opened:
        by_code.get_by_text("Authorize", exact=True).click()
    window = opened.value
    sign_in(window, user)
    with window.expect_event("close"):
        window.click("#allow")
    expect(by_code.get_by_text("Logout", exact=True)).to_be_visible(timeout=PATIENCE)
    by_code.get_by_text("Close", exact=True).click()
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    answer = operation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_contain_text("200", timeout=PATIENCE)
    told = json.loads(answer.locator(".highlight-code code").first.inner_text())
    assert told == {"of": user.id, "client": CLIENT, "scopes": ["notes:read", "notes:write"]}
