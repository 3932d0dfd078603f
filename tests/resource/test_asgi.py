"""The middleware around an application of no framework."""

import asyncio
import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from threading import Event

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from evergrant.resource import Guard, IssuerKeys, JwtVerifier, Resource
from evergrant.resource.asgi import App, Message, ProtectMiddleware, Receive, Scope, Send, access_token
from evergrant.resource.fetching import Fetched, FetchFailed
from evergrant.testing.issuer import FakeIssuer
from tests.resource.behaviour import (
    METADATA_PATH,
    NEEDS,
    NOTES,
    OPEN,
    Api,
    ApiBehaviour,
    notes_guard,
    now,
    preflight,
    said,
)
from tests.resource.serving import asgi_served


async def handler(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers who is there, to GET and HEAD; at `/open` the same to everybody."""
    if scope["method"] not in {"GET", "HEAD"}:
        await send({"type": "http.response.start", "status": 405, "headers": []})
        await send({"type": "http.response.body"})
        return
    told = OPEN if scope["path"].endswith("/open") else said(access_token(scope))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


def application(guard: Guard) -> App:
    """Each path behind a middleware of its own."""
    protected: Mapping[str, App] = {
        path: ProtectMiddleware(handler, guard, needs=needs) for path, needs in NEEDS.items()
    }
    other = ProtectMiddleware(handler, guard, open_paths=["/open"])

    async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
        await protected.get(scope.get("path", ""), other)(scope, receive, send)

    return by_path


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    guard = notes_guard()
    with asgi_served(application(guard)) as port:
        yield Api(port, guard)


class TestAsgi(ApiBehaviour):
    """ASGI, without a framework."""


async def chat(scope: Scope, receive: Receive, send: Send) -> None:
    """A WebSocket that says who is there and hangs up."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": access_token(scope).subject})
    await send({"type": "websocket.close"})


@pytest.fixture(scope="module")
def chat_api() -> Iterator[Api]:
    """A WebSocket for everybody who may read notes."""
    guard = notes_guard()
    with asgi_served(ProtectMiddleware(chat, guard, needs=NEEDS["/read"])) as port:
        yield Api(port, guard)


def dial(api: Api, **headers: str) -> ClientConnection:
    """A handshake with these headers."""
    return connect(f"ws://127.0.0.1:{api.port}/chat", additional_headers=headers, proxy=None)


def test_a_websocket_is_let_in_by_the_token_of_its_handshake(chat_api: Api) -> None:
    issuer = FakeIssuer(NOTES, clock=now)

    with issuer.trusted_by(chat_api.guard), dial(chat_api, **issuer.headers(scope="notes:read")) as socket:
        assert socket.recv() == "u_test"


@pytest.mark.parametrize(
    ("scope", "status", "error"),
    [(None, 401, None), ("", 403, "insufficient_scope")],
)
def test_a_websocket_is_refused_before_it_opens_and_with_the_same_answer_as_a_request(
    chat_api: Api, scope: str | None, status: int, error: str | None
) -> None:
    issuer = FakeIssuer(NOTES, clock=now)
    headers = {} if scope is None else issuer.headers(scope=scope)

    with issuer.trusted_by(chat_api.guard), pytest.raises(InvalidStatus) as refused:
        dial(chat_api, **headers)

    answer = refused.value.response
    assert (answer.status_code, json.loads(answer.body).get("error")) == (status, error)
    assert 'scope="notes:read"' in answer.headers["WWW-Authenticate"]


async def test_a_websocket_is_closed_as_a_violation_where_the_server_can_send_no_answer() -> None:
    """RFC 6455 §7.4.1."""
    app = ProtectMiddleware(chat, notes_guard())

    sent = await sent_by(app, {"type": "websocket", "path": "/chat", "headers": []}, {"type": "websocket.connect"})

    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_startup_and_shutdown_are_the_applications_own() -> None:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": f"{(await receive())['type']}.complete"})

    app = ProtectMiddleware(application, notes_guard())

    sent = await sent_by(app, {"type": "lifespan"}, {"type": "lifespan.startup"})

    assert sent == [{"type": "lifespan.startup.complete"}]


async def test_a_preflight_reaches_the_application_for_which_the_browser_shows_no_token() -> None:
    """Fetch §3.2.2."""
    asked = [(name.lower().encode(), value.encode()) for name, value in preflight("authorization")]
    app = ProtectMiddleware(handler, notes_guard())

    sent = await sent_by(app, request("OPTIONS", "/any", asked))
    others = [
        await sent_by(app, request(method, "/any", headers))
        for method, headers in [
            ("OPTIONS", asked[:1]),
            ("OPTIONS", asked[1:]),
            ("OPTIONS", [*asked, (b"authorization", b'Bearer "')]),
            ("GET", asked),
        ]
    ]

    assert sent[0]["status"] == 405  # this application's own answer
    assert [other[0]["status"] for other in others] == [401, 401, 401, 401]


@pytest.mark.parametrize("path", ["/open/", "/openly", "/open/x", "//open", "/OPEN", ""])
async def test_a_path_that_is_not_exactly_an_open_one_is_closed(path: str) -> None:
    app = ProtectMiddleware(handler, notes_guard(), open_paths=["/open"])

    sent = await sent_by(app, request("GET", path))

    assert sent[0]["status"] == 401


async def test_paths_are_the_applications_own_wherever_it_is_mounted() -> None:
    app = ProtectMiddleware(handler, notes_guard(), open_paths=["/open"])

    found = [
        (await sent_by(app, request("GET", path, root_path="/v1")))[0]["status"]
        for path in (f"/v1{METADATA_PATH}", METADATA_PATH, "/v1/any", "/v1open", "/v2/open")
    ]

    assert found == [200, 200, 401, 401, 401]
    assert (await sent_by(app, request("GET", "/v1/open", root_path="/v1")))[0]["status"] == 200


async def test_an_api_whose_identifier_has_a_query_has_its_document_at_the_address_with_that_query() -> None:
    """RFC 9728 §3.1."""
    app = ProtectMiddleware(handler, Guard(Resource("https://notes.example/api?v=2", "https://login.example.com")))

    found = [
        (await sent_by(app, request("GET", METADATA_PATH, query_string=query)))[0]["status"]
        for query in (b"v=2", b"v=3", b"")
    ]

    assert found == [200, 401, 401]


async def test_an_api_whose_identifier_is_no_url_has_no_document() -> None:
    app = ProtectMiddleware(handler, Guard(Resource("urn:notes", "https://login.example.com")))

    sent = [await sent_by(app, request("GET", path)) for path in (METADATA_PATH, "")]

    assert [messages[0]["status"] for messages in sent] == [401, 401]


async def test_when_keys_that_were_waited_for_do_not_come_nothing_that_was_raised_is_left_unheard() -> None:
    """asyncio would report it as lost, once a request: the loop of the tests fails them on that."""
    waited_for = Event()

    def fetch(url: str, headers: Mapping[str, str], form: bytes | None = None, /) -> Fetched:
        waited_for.wait()
        raise FetchFailed("the issuer is down")

    app = ProtectMiddleware(
        handler, Guard(NOTES, verifier=JwtVerifier(NOTES, keys=IssuerKeys(NOTES.issuer, fetch=fetch)))
    )
    shown = [(b"authorization", f"Bearer {FakeIssuer(NOTES).mint()}".encode())]
    asking = asyncio.create_task(sent_by(app, request("GET", "/any", shown)))
    await asyncio.sleep(0)

    waited_for.set()
    sent = await asking
    gc.collect()

    assert sent[0]["status"] == 503


def test_where_nothing_guards_the_application_asking_for_the_token_says_so() -> None:
    with pytest.raises(RuntimeError, match="did not come through a guard"):
        access_token(request("GET", "/any"))


def test_a_text_in_place_of_a_list_of_open_paths_is_a_slip() -> None:
    with pytest.raises(TypeError, match="list of paths"):
        ProtectMiddleware(handler, notes_guard(), open_paths="/open")


def request(method: str, path: str, headers: Sequence[tuple[bytes, bytes]] = (), **more: object) -> Scope:
    """What a server tells of a request."""
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, **more}


async def sent_by(app: App, scope: Scope, *received: Message) -> list[Message]:
    """All that the application sends."""
    sent: list[Message] = []
    ahead = iter(received)

    async def receive() -> Message:
        return next(ahead)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent
