"""An API beside our own server: by signature, by introspection, with a new key under load, with the server gone."""

import http.client
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from urllib.parse import urlencode

import pytest

from evergrant.protocol.secret import Secret
from evergrant.resource import ApiClient, Guard, IntrospectionVerifier, JwtVerifier, Refused, Resource, require
from evergrant.resource.key_schedule import KEPT
from evergrant.resource.system import clock as system_clock
from evergrant.testing.clock import ManualClock
from tests.e2e.command_line import command, listing
from tests.support.server import Server, StartServer
from tests.support.waiting import until

API = "https://notes.example/api"


@dataclass
class Notes:
    """The API as the server knows it, and a job that may read notes."""

    server: Server
    resource: Resource
    asking: ApiClient
    job: tuple[str, str]
    connection: http.client.HTTPConnection

    def token(self, scope: str = "notes:read") -> str:
        """A new access token of the job."""
        basic = b64encode(":".join(self.job).encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        form = urlencode({"grant_type": "client_credentials", "resource": API, "scope": scope})
        self.connection.request("POST", "/token", form, headers)
        answer: dict[str, str] = json.loads(self.connection.getresponse().read())
        return answer["access_token"]

    def revoke(self, token: str) -> None:
        """The job gives the token back."""
        basic = b64encode(":".join(self.job).encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", "/revoke", urlencode({"token": token}), headers)
        self.connection.getresponse().read()


def open_notes(server: Server) -> Notes:
    registered = command(server.data_dir, "client", "create", "notes-api", "--grant", "client_credentials")
    scopes = ("--scope", "notes:read=Read your notes", "--scope", "notes:write=Change your notes")
    command(server.data_dir, "resource", "create", API, *scopes, "--introspection-client", "notes-api")
    may = ("--scope", "notes:read", "--audience", API)
    job = command(server.data_dir, "client", "create", "job", "--grant", "client_credentials", *may)
    return Notes(
        server,
        Resource(API, issuer=server.base_url, implies={"notes:write": ["notes:read"]}),
        ApiClient("notes-api", Secret(str(registered["client_secret"]))),
        ("job", str(job["client_secret"])),
        http.client.HTTPConnection("localhost", server.port, timeout=20),
    )


@pytest.fixture(scope="module")
def notes(server: Server) -> Iterator[Notes]:
    found = open_notes(server)
    yield found
    found.connection.close()


def kid_of(token: str) -> str:
    head = token.partition(".")[0]
    kid: str = json.loads(b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid


def test_a_token_of_ours_opens_what_it_was_issued_for_and_nothing_else(notes: Notes) -> None:
    guard = Guard(notes.resource)
    shown = [f"Bearer {notes.token()}"]

    found = guard.admit(shown, require("notes:read", clients=["job"]))

    assert (found.subject, found.client_id, set(found.scopes)) == ("job", "job", {"notes:read"})
    with pytest.raises(Refused) as refused:
        guard.admit(shown, require("notes:write"))
    assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        Guard(Resource("https://other.example", issuer=notes.server.base_url)).admit(shown)
    assert refused.value.status == 401


def test_introspection_says_the_same_and_hears_of_a_revocation(notes: Notes) -> None:
    asking = IntrospectionVerifier(notes.resource, notes.asking, remember_ms=0)
    guard = Guard(notes.resource, verifier=asking)
    token = notes.token()

    by_asking = guard.admit([f"Bearer {token}"], require("notes:read"))
    by_signature = Guard(notes.resource).admit([f"Bearer {token}"])
    notes.revoke(token)

    assert (by_asking.subject, by_asking.scopes, by_asking.token_id) == (
        by_signature.subject,
        by_signature.scopes,
        by_signature.token_id,
    )
    with pytest.raises(Refused) as refused:
        guard.admit([f"Bearer {token}"])
    assert refused.value.status == 401


def test_an_api_that_may_not_introspect_is_not_told_and_says_503(notes: Notes) -> None:
    """S-047: a wrong secret of the API is the API's trouble, not the token's."""
    wrong = ApiClient("notes-api", Secret("not the secret"))
    guard = Guard(notes.resource, verifier=IntrospectionVerifier(notes.resource, wrong))

    with pytest.raises(Refused) as refused:
        guard.admit([f"Bearer {notes.token()}"])

    assert refused.value.status == 503


def test_a_new_key_under_load_refuses_nobody(notes: Notes) -> None:
    """Tokens are fetched and checked without a pause while the server begins to sign with a new key."""
    guard = Guard(notes.resource)
    before = kid_of(notes.token())
    checked: dict[str, int] = {}
    refused: list[Refused] = []
    tokens: SimpleQueue[str] = SimpleQueue()
    rotated, enough = threading.Event(), threading.Event()

    def api() -> None:
        while not enough.is_set():
            try:
                token = tokens.get(timeout=0.1)
            except Empty:
                continue
            for _ in range(5):
                try:
                    guard.admit([f"Bearer {token}"], require("notes:read"))
                except Refused as problem:
                    refused.append(problem)
            kid = kid_of(token)
            checked[kid] = checked.get(kid, 0) + 5

    threads = [threading.Thread(target=api) for _ in range(4)]
    rotating = threading.Thread(target=rotate, args=(notes.server, rotated))
    for thread in threads:
        thread.start()
    for _ in range(50):
        tokens.put(notes.token())
    rotating.start()
    after_rotation = 0
    while after_rotation < 300:
        tokens.put(token := notes.token())
        after_rotation += kid_of(token) != before
    rotating.join()
    until(tokens.empty, what="all tokens are taken")
    enough.set()
    for thread in threads:
        thread.join()

    assert refused == []
    assert rotated.is_set()
    assert (before in checked, len(checked)) == (True, 2)


def rotate(server: Server, rotated: threading.Event) -> None:
    listing(server.data_dir, "keys", "rotate")
    rotated.set()


def test_when_the_server_is_gone_tokens_are_still_good_and_introspection_is_503(start_server: StartServer) -> None:
    notes = open_notes(start_server())
    time = ManualClock(system_clock())
    guard = Guard(notes.resource, verifier=JwtVerifier(notes.resource, clock=time), clock=time)
    asking = Guard(notes.resource, verifier=IntrospectionVerifier(notes.resource, notes.asking))
    seen, unseen = notes.token(), notes.token()
    guard.admit([f"Bearer {seen}"])
    notes.connection.close()
    notes.server.kill()

    assert guard.admit([f"Bearer {seen}"]).subject == "job"
    time.advance(600_000)  # the keys are stale by now
    assert guard.admit([f"Bearer {unseen}"]).subject == "job"
    for cannot, header in ((asking, unseen), (Guard(notes.resource), unseen)):
        with pytest.raises(Refused) as refused:
            cannot.admit([f"Bearer {header}"])
        assert refused.value.status == 503
    time.advance(KEPT)
    with pytest.raises(Refused) as refused:
        guard.admit([f"Bearer {unseen}"])
    assert refused.value.status == 503
