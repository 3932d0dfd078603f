"""The canary: whatever happens, no secret is in the bytes of the database, in the log or in an error. S-012, S-041.

A broad scenario on a real server, with every secret written down that was issued or typed; then everything the server
left behind is searched for all of them, as text, as the bytes inside a token, and in hexadecimal.
"""

import json
import subprocess
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial, reduce
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import make_url

from evergrant.app.settings import load_settings
from tests.protocol.movable_clock import MovableClock
from tests.protocol.operator_desk import Desk
from tests.protocol.person import Person, forms
from tests.protocol.program import OFFLINE, Code, Program, basic, verifier
from tests.protocol.registry import CALLBACK, Registered, Registry, User
from tests.protocol.served import LogLines, Served, body
from tests.support.postgres import PostgresServer, programs
from tests.support.server import Server, evergrant

Dump = Callable[[], bytes]
WRONG_PASSWORDS = ("Tr0ub4dor&3-canary", "a-password-typed-as-a-name")


@dataclass(slots=True)
class Witness:
    """Hears every answer; keeps the secrets and what was said in refusals."""

    secrets: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)

    def hear(self, answer: httpx2.Response) -> None:
        """An httpx2 hook."""
        answer.read()
        fields = [(name, value) for form in forms(answer) for name, value in form.fields.items() if value]
        if answer.status_code >= 400:
            # A sign-in form that is shown again holds its sealed field and the name that was typed, for this person.
            text = reduce(lambda page, field: page.replace(field[1], ""), fields, answer.text)
            self.refusals.append(f"{answer.headers}\n{text}")
        elif answer.headers.get("content-type") == "application/json":
            told = body(answer)
            self.secrets |= {str(told[name]) for name in ("access_token", "refresh_token", "id_token") if name in told}
        location = httpx2.URL(answer.headers.get("location", ""))
        self.secrets |= {location.params[name] for name in ("code", "interaction") if name in location.params}
        self.secrets |= {value for name, value in fields if name == "interaction"}
        self.secrets |= {cookie.value for cookie in answer.cookies.jar if cookie.value}


@dataclass(frozen=True, slots=True)
class Scene:
    """A running server, its command line, and the witness."""

    server: Server
    served: Served
    witness: Witness
    dump: Dump

    def command(self, *arguments: str, stdin: str = "") -> dict[str, object]:
        """An operator's command; what it shows once is a secret too."""
        listen = {"EVERGRANT_LISTEN__PORT": str(self.server.port)}
        done = evergrant(
            *arguments,
            "--json",
            data_dir=self.server.data_dir,
            settings={**self.server.settings, **listen},
            stdin=stdin,
        )
        assert done.returncode == 0, done.stderr
        self.witness.refusals.append(done.stderr)
        read = json.loads(done.stdout)
        told: dict[str, object] = read if isinstance(read, dict) else {}
        self.witness.secrets |= {str(told[name]) for name in ("client_secret", "password") if told.get(name)}
        return told


@pytest.fixture(params=["sqlite, log in JSON", "postgresql, log for people"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    log, dump = "json", partial(sqlite_bytes, tmp_path / "data")
    url = f"sqlite:///{tmp_path / 'data' / 'evergrant.db'}"
    if request.param.startswith("postgresql"):
        url = request.getfixturevalue("postgres_url")
        log, dump = "console", partial(postgres_bytes, request.getfixturevalue("postgres"), url)
    settings = {"EVERGRANT_LOG__LEVEL": "debug", "EVERGRANT_LOG__FORMAT": log, "EVERGRANT_DATABASE__URL": url}
    server = Server(tmp_path / "data", settings=settings)
    server.start()
    server.log_file.write_text("")  # a first start shows the demo secrets once, on the terminal, as it says
    witness, clock = Witness(), MovableClock()
    read = load_settings(tmp_path, data_dir=server.data_dir, issuer=server.base_url, database={"url": url})
    registry = Registry(read, clock)
    with httpx2.Client(base_url=server.base_url, timeout=30, event_hooks={"response": [witness.hear]}) as http:
        served = Served(server.base_url, read, clock, LogLines(), registry, Desk(read, clock, registry), http)
        yield Scene(server, served, witness, dump)
    server.kill()


def test_no_secret_is_left_anywhere(scene: Scene) -> None:
    token = everything_happens(scene)
    written_down = scene.witness.secrets
    scene.server.stop()
    database, log = scene.dump(), scene.server.log_file.read_bytes()
    errors = "\n".join(scene.witness.refusals).encode()

    # What is public is there, in the same spellings: a search that finds nothing at all proves nothing.
    grant_id = urlsafe_b64decode(token[6:])[2:18]
    assert grant_id in database or grant_id.hex().encode() in database
    assert grant_id.hex().encode() in log
    assert b"grant_reused" in database
    assert b"redeliver" in log
    assert b"correlation_id" in errors
    assert len(written_down) > 40
    for secret in written_down:
        for spelled in spellings(secret):
            assert spelled not in database, f"in the database: {secret}"
            assert spelled not in log, f"in the log: {secret}"
            assert spelled not in errors, f"in an error: {secret}"


def spellings(secret: str) -> set[bytes]:
    """The text, its hexadecimal form, and for our tokens the secret and the MAC inside."""
    found = {secret.encode(), secret.encode().hex().encode()}
    if secret.startswith(("eg_rt_", "eg_ac_")):
        raw = urlsafe_b64decode(secret[6:])
        found |= {part for inside in (raw[18:34], raw[38:]) for part in (inside, inside.hex().encode())}
    if secret.count(".") == 2:
        found.add(secret.rpartition(".")[2].encode())
    return found


def sqlite_bytes(data_dir: Path) -> bytes:
    """Every file but the two that hold secrets for their owner: the database, its log, its index."""
    files = [path for path in data_dir.rglob("*") if path.is_file() and path.name not in {"demo.json", "master.key"}]
    assert files
    return b"".join(path.read_bytes() for path in files)


def postgres_bytes(postgres: PostgresServer, url: str) -> bytes:
    """A dump, as a backup would hold it."""
    name = make_url(url).database
    command = [str(programs() / "pg_dump"), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "evergrant", str(name)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def somebody(scene: Scene) -> User:
    """The demo user."""
    demo = scene.server.demo
    return User("", demo.username, demo.password)


def enrol(scene: Scene) -> Program:
    """A confidential client, registered by the command line."""
    grants = ("authorization_code", "refresh_token", "client_credentials")
    options = [option for grant in grants for option in ("--grant", grant)]
    scopes = [option for scope in (*OFFLINE.split(), "write") for option in ("--scope", scope)]
    told = scene.command("client", "create", "canary", "--redirect-uri", CALLBACK, *options, *scopes)
    return Program(scene.served, Registered("canary", str(told["client_secret"])))


def ask(scene: Scene, program: Program, user: User) -> Code:
    """A sign-in with the witness listening."""
    proof = verifier()
    with Person(scene.served.url, user.username, user.password) as person:
        person.http.event_hooks = {"response": [scene.witness.hear]}
        landing = person.visit(program.authorization_url(proof), program.client.redirect_uri)
        scene.witness.secrets |= {cookie.value for cookie in person.http.cookies.jar if cookie.value}
    scene.witness.secrets |= {proof, landing.parameters["code"]}
    return Code(landing.parameters["code"], proof, landing)


def everything_happens(scene: Scene) -> str:
    """All grants, refreshes, refusals, sign-ins and commands. One of the refresh tokens."""
    demo = scene.server.demo
    master = (scene.server.data_dir / "master.key").read_text().strip()
    scene.witness.secrets |= {master.rpartition(":")[2], demo.password, *WRONG_PASSWORDS}
    scene.witness.secrets |= {client.client_secret for client in demo.clients.values() if client.client_secret}
    program, user = enrol(scene), somebody(scene)
    code = ask(scene, program, user)
    tokens = body(program.exchange(code))
    refreshes_and_replays(program, tokens["refresh_token"])
    program.exchange(code)
    other_grants(scene)
    wrong_places(scene, program, tokens)
    operators(scene, program, user)
    guesses(scene, program, user)
    return str(tokens["refresh_token"])


def refreshes_and_replays(program: Program, token: str) -> None:
    first = program.renewed(token)["refresh_token"]
    program.renewed(token)
    program.refresh(first, scope="admin")
    for _ in range(3):
        first = program.renewed(first)["refresh_token"]
    program.refresh(token)
    program.refresh(first)


def other_grants(scene: Scene) -> None:
    demo = scene.server.demo
    service, legacy = (
        Program(scene.served, Registered(name, demo.clients[name].client_secret))
        for name in ("demo-service", "demo-legacy")
    )
    access = body(service.token(grant_type="client_credentials"))["access_token"]
    service.introspect(access)
    service.revoke(access)
    by_password = body(legacy.token(grant_type="password", username=demo.username, password=demo.password))
    legacy.revoke(by_password["refresh_token"])
    legacy.refresh(by_password["refresh_token"])
    legacy.token(grant_type="password", username=demo.username, password=WRONG_PASSWORDS[0])
    legacy.token(grant_type="password", username=WRONG_PASSWORDS[1], password=WRONG_PASSWORDS[0])


def wrong_places(scene: Scene, program: Program, tokens: dict[str, str]) -> None:
    """Secrets where they do not belong: in paths, queries, names and headers."""
    http, secret = scene.served.http, program.client.secret or ""
    for token in (tokens["refresh_token"], tokens["access_token"], secret):
        http.get(f"/{token}")
        http.get(f"/realms/{token}/token")
        http.get("/userinfo", params={"access_token": token})
        http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
        http.get("/authorize", params={"client_id": token, "redirect_uri": CALLBACK, "code": token})
        http.get("/authorize", params={"client_id": program.client.id, "redirect_uri": token})
        http.get("/logout", params={"id_token_hint": token})
        http.post("/token", data={"grant_type": token, "client_id": token, "client_secret": token})
        http.post("/token", data={"grant_type": "refresh_token"}, headers={"Authorization": basic(token, token)})
        http.post("/token", content=f"{token}={token}&{token}=%zz")
        program.token(grant_type="client_credentials", scope=token, resource=token)
        program.token(grant_type=token)
        program.revoke(token[:-1])
        program.introspect(token[:-1])


def guesses(scene: Scene, program: Program, user: User) -> None:
    for name, password in ((user.username, WRONG_PASSWORDS[0]), (WRONG_PASSWORDS[1], user.password)):
        with Person(scene.served.url, name, password) as person:
            person.http.event_hooks = {"response": [scene.witness.hear]}
            with pytest.raises(AssertionError):
                person.visit(program.authorization_url(verifier()), CALLBACK)


def operators(scene: Scene, program: Program, user: User) -> None:
    """New secrets, new passwords, new keys, and what ends because of them."""
    token = body(program.exchange(ask(scene, program, user)))["refresh_token"]
    scene.command("client", "rotate-secret", program.client.id)
    program.refresh(token)
    scene.command("user", "create", "canary-person")
    typed = "typed by an operator, on standard input"
    scene.witness.secrets.add(typed)
    scene.command("user", "set-password", user.username, "--password-stdin", stdin=typed)
    scene.command("keys", "rotate")
