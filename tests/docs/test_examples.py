"""The programs of `evergrant quickstart`, which are the examples: each is printed, run as it is, and used."""

import asyncio
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from evergrant.cli.quickstart.programs import PROGRAMS
from evergrant.cli.trying.forms import Person, walk
from evergrant.protocol.secret import Secret
from tests.architecture.repository import ROOT
from tests.e2e.command_line import post
from tests.support.ports import free_port
from tests.support.server import Server, evergrant
from tests.support.waiting import until

EXAMPLES = ROOT / "examples"
APIS = ["fastapi", "flask", "django"]
ENDS_WITHIN = 60  # seconds


@dataclass(slots=True)
class Site:
    """A server, and programs that were printed for it. Each is started when it is first asked for."""

    server: Server
    folder: Path
    addresses: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def printed(self, name: str, *options: str) -> Path:
        """`evergrant quickstart name > file`."""
        done = evergrant("quickstart", name, *options, data_dir=self.server.data_dir)
        assert done.returncode == 0, done.stderr
        file = self.folder / PROGRAMS[name].file
        file.write_text(done.stdout, encoding="utf-8")
        return file

    def address(self, name: str, *options: str) -> str:
        """Where that program answers, without a slash at the end."""
        if name not in self.addresses:
            port = free_port()
            self.start(self.printed(name, "--port", str(port), *options))
            self.addresses[name] = f"http://localhost:{port}"
            until(lambda: answers(self.addresses[name]), what=f"{name} answers")
        return self.addresses[name]

    def start(self, file: Path) -> None:
        with file.with_suffix(".log").open("wb") as log:
            self.running.append(subprocess.Popen([sys.executable, file], env=self.environment, stdout=log, stderr=log))

    def run(self, file: Path, *arguments: str) -> list[str]:
        """What it prints. Asserts that it succeeds."""
        done = subprocess.run(
            [sys.executable, file, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=ENDS_WITHIN,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    @property
    def environment(self) -> dict[str, str]:
        """A home of its own, and no browser that opens."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}
        return {**inherited, "HOME": str(self.folder), "BROWSER": "true", "PYTHONUNBUFFERED": "1"}

    def token(self, audience: str, scope: str) -> str:
        """An access token of the service for that API."""
        client_id = f"service-{audience.rpartition(':')[2].replace('/', '-')}"
        if audience not in self.secrets:
            source = self.printed("service", "--audience", audience, "--client-id", client_id).read_text()
            self.secrets[audience] = constant(source, "CLIENT_SECRET")
        return self.token_of(client_id, self.secrets[audience], audience, scope)

    def token_of(self, client_id: str, secret: str, audience: str, scope: str) -> str:
        """As soon as the server has noticed that the client is there."""
        form = {"grant_type": "client_credentials", "scope": scope, "resource": audience}

        def ask() -> str | None:
            return post(f"{self.server.base_url}/token", form, (client_id, secret))[1].get("access_token")

        return until(ask, what=f"the server knows {client_id}")

    def browse(self, browser: httpx2.Client, url: str) -> str:
        """The demo person signs in; where the browser is sent then."""
        person = Person(self.server.demo.username, Secret(self.server.demo.password))
        return walk(browser, url, httpx2.URL(url).params["redirect_uri"], person)[0]


@pytest.fixture(scope="module")
def site(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(server, tmp_path_factory.mktemp("programs"))
    yield site
    for process in site.running:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    try:
        httpx2.get(address, timeout=5)
    except httpx2.TransportError:
        return False
    return True


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def constant(source: str, name: str) -> str:
    """The text that the program has under that name."""
    found = re.search(rf'^{name} = "(.*)"$', source, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", APIS)
def test_an_api_lets_in_whoever_has_the_token_it_asks_for(site: Site, name: str) -> None:
    address = site.address(name)
    reads, writes = site.token(address, "notes:read"), site.token(address, "notes:write")
    notes, note = f"{address}/notes", {"text": "Buy milk"}

    everybody = httpx2.get(f"{address}/open")
    nobody = httpx2.get(notes)
    too_little = httpx2.post(notes, json=note, headers=bearer(reads))
    enough = httpx2.post(notes, json=note, headers=bearer(writes))
    seen = [httpx2.get(notes, headers=bearer(token)) for token in (reads, writes)]

    assert (everybody.status_code, everybody.json()) == (200, {"hello": "world"})
    metadata = f'resource_metadata="{address}/.well-known/oauth-protected-resource"'
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, f'Bearer scope="notes:read", {metadata}')
    assert (too_little.status_code, too_little.json()["error"]) == (403, "insufficient_scope")
    assert (enough.status_code, enough.json()) == (201, {"notes": ["Buy milk"]})
    assert [(each.status_code, each.json()) for each in seen] == [(200, {"notes": ["Buy milk"]})] * 2


def test_the_documentation_of_fastapi_is_given_a_client_to_sign_in_with(site: Site) -> None:
    """That the button works is proven in a browser, beside the adapter."""
    address = site.address("fastapi")

    page, schema = httpx2.get(f"{address}/docs").text, httpx2.get(f"{address}/openapi.json").json()

    assert '"clientId": "notes-docs"' in page
    (scheme,) = schema["components"]["securitySchemes"].values()
    assert scheme["openIdConnectUrl"] == f"{site.server.base_url}/.well-known/openid-configuration"


def test_an_mcp_client_lists_and_calls_the_tool_with_a_token(site: Site) -> None:
    url = f"{site.address('mcp')}/mcp"
    token = site.token(url, "notes:write")

    async def use() -> tuple[list[str], object]:
        async with (
            httpx2.AsyncClient(headers=bearer(token)) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            tools = await client.list_tools()
            said = await client.call_tool("add_note", {"text": "Buy milk"})
            return [tool.name for tool in tools.tools], said.structured_content

    assert httpx2.post(url).status_code == 401
    assert asyncio.run(use()) == (["add_note"], {"result": ["Buy milk"]})


def test_a_service_calls_the_api_for_itself(site: Site) -> None:
    file = site.printed("service", "--audience", (api := site.address("flask")))
    site.token_of("notes-service", constant(file.read_text(), "CLIENT_SECRET"), api, "notes:read")

    printed = [site.run(file), site.run(file)]

    note = "The nightly job has run."
    assert printed == [[note], [note, note]]


def test_in_the_terminal_one_signs_in_once(site: Site) -> None:
    file = site.printed("cli", "--audience", site.address("flask"))
    with subprocess.Popen(
        [sys.executable, file, "add", "Buy milk"], env=site.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Sign in here:\n"
        url = process.stdout.readline().strip()
        with httpx2.Client(timeout=20) as browser:
            browser.get(site.browse(browser, url))
        first = process.stdout.read().splitlines()

    again = site.run(file)
    site.run(file, "sign-out")

    assert first == again == ["Buy milk"]
    assert (site.folder / ".notes-sessions.json").stat().st_mode & 0o077 == 0
    assert "eg_rt_" not in (site.folder / ".notes-sessions.json").read_text()


def test_on_the_web_a_person_signs_in_and_no_token_reaches_the_browser(site: Site) -> None:
    """S-120"""
    web = site.address("web", "--audience", site.address("flask"))
    with httpx2.Client(timeout=20) as browser:
        stranger = browser.get(f"{web}/")
        begun = browser.get(f"{web}/sign-in")
        back = browser.get(site.browse(browser, begun.headers["location"]))
        empty = browser.get(f"{web}/")
        added = browser.post(f"{web}/", data={"text": "<b>Buy milk"}, follow_redirects=True)
        left = browser.post(f"{web}/sign-out")
        at_issuer = browser.get(left.headers["location"])
        after = browser.get(f"{web}/")

    assert "Signed in" not in stranger.text
    cookies = [each.headers["set-cookie"] for each in (begun, back)]
    assert all("HttpOnly" in each and "SameSite=lax" in each for each in cookies)
    assert "Signed in as Ada" in empty.text
    assert "<li>&lt;b&gt;Buy milk" in added.text
    assert not any(token in str((each.text, each.headers)) for each in (back, empty, added) for token in ("eyJ", "eg_"))
    assert (at_issuer.status_code, at_issuer.url.path) == (200, "/logout")
    assert "Signed in" not in after.text


def test_a_second_time_prints_the_same_and_a_secret_is_a_new_one(site: Site) -> None:
    asked = ("--port", "4711")

    first, again = (site.printed("flask", *asked).read_text() for _ in range(2))
    done = [evergrant("quickstart", "web", *asked, data_dir=site.server.data_dir) for _ in range(2)]

    assert first == again
    assert len({constant(each.stdout, "CLIENT_SECRET") for each in done}) == 2
    assert "Gave the client notes-web a new secret" in done[1].stderr


def test_for_another_issuer_everything_has_to_be_said_and_nothing_is_registered(tmp_path: Path) -> None:
    asked = ("quickstart", "web", "--issuer", "https://login.example.com")
    rest = ("--audience", "https://notes.example/api", "--client-id", "mine")
    secret = {"EVERGRANT_CLIENT_SECRET": "a secret of mine"}

    lacking = evergrant(*asked, data_dir=tmp_path / "data")
    complete = evergrant(*asked, *rest, data_dir=tmp_path / "data", settings=secret)

    assert (lacking.returncode, lacking.stdout) == (2, "")
    assert all(option in lacking.stderr for option in ("--audience", "--client-id", "--client-secret"))
    assert [constant(complete.stdout, name) for name in ("ISSUER", "API", "CLIENT_ID", "CLIENT_SECRET")] == [
        "https://login.example.com",
        "https://notes.example/api",
        "mine",
        "a secret of mine",
    ]
    assert "Nothing was registered" in complete.stderr
    assert not (tmp_path / "data").exists()


def test_without_a_server_here_it_says_so(tmp_path: Path) -> None:
    done = evergrant("quickstart", "flask", data_dir=tmp_path / "data")

    assert (done.returncode, done.stdout) == (1, "")
    assert "evergrant serve" in done.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_has_every_constant_that_is_filled_in_and_names_what_it_needs(name: str) -> None:
    program = PROGRAMS[name]

    filled = program.filled_in(dict.fromkeys(program.constants, "filled in"))

    assert filled.count(' = "filled in"\n') == len(program.constants)
    assert f"Needs: pip install {program.install}\n" in program.text
    extras = re.findall(r"\w+", re.findall(r"\[(.*)\]", program.install)[0])
    assert (
        set(extras) <= tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"].keys()
    )


def test_the_readme_of_the_examples_says_how_to_run_each() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    assert [
        it.name for it in EXAMPLES.glob("*.py") if f"evergrant quickstart {it.stem[6:]} > {it.name}" not in readme
    ] == []


def test_a_constant_that_a_program_does_not_have_is_a_mistake() -> None:
    with pytest.raises(LookupError, match="no constant NOTHING"):
        PROGRAMS["flask"].filled_in({"NOTHING": 1})
