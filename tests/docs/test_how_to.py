"""The examples of the how-to pages, executed as they are written."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from evergrant.app.settings import load_settings
from tests.architecture.repository import ROOT
from tests.docs.session import blocks, fits, run, snippets, write_files
from tests.support.ports import free_port
from tests.support.server import Demo, Server, StartServer, evergrant
from tests.support.waiting import until

HOW_TO = ROOT / "docs" / "how-to"

LIBRARIES = ["protect-an-api.md", "fastapi.md", "flask.md", "django.md", "mcp.md", "keep-a-session.md"]
"""The pages of the libraries: their programs are files in the folder, and what is a part of one runs, too."""

DJANGO = "from django.conf import settings; settings.configure(); import django; django.setup()"


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[str]:
    """The program of embed.md, run by uvicorn on a port of its own; its address."""
    example = next(block.body for block in blocks(HOW_TO / "embed.md") if block.kind == "python")
    port = free_port()
    (tmp_path / "program.py").write_text(example.replace("8000", str(port)), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "program:program", "--port", str(port)],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: answers(f"http://localhost:{port}/"), what="the program answers", seconds=30)
        yield f"http://localhost:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def folder_beside(server: Server, folder: Path) -> Path:
    """The folder, as if the server had been started in it."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "evergrant-data").symlink_to(server.data_dir)
    return folder


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def test_the_embedded_server_has_the_issuer_of_the_path_it_is_mounted_at(embedded: str) -> None:
    document = httpx2.get(f"{embedded}/login/.well-known/openid-configuration").json()

    assert (document["issuer"], document["token_endpoint"]) == (f"{embedded}/login", f"{embedded}/login/token")


def test_the_embedded_server_issues_tokens(embedded: str, tmp_path: Path) -> None:
    httpx2.get(f"{embedded}/login/")
    service = Demo.read(tmp_path / "evergrant-data").clients["demo-service"]

    answer = httpx2.post(
        f"{embedded}/login/token",
        auth=(service.client_id, service.client_secret or ""),
        data={"grant_type": "client_credentials"},
    )

    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")


def test_the_program_around_it_keeps_its_own_pages(embedded: str) -> None:
    assert httpx2.get(f"{embedded}/").json() == {"sign in at": f"{embedded}/login"}
    assert httpx2.get(f"{embedded}/login/").status_code == 200


@pytest.mark.parametrize("page", [*LIBRARIES, "migrate.md"])
def test_the_commands_of_the_page_print_what_it_says(page: str, server: Server, tmp_path: Path) -> None:
    steps = run(HOW_TO / page, folder_beside(server, tmp_path), {"PORT": str(server.port)})

    assert any(step.told for step in steps)
    assert [step for step in steps if step.told is not None and not fits(step.printed, step.told)] == []


@pytest.mark.parametrize("page", ["protect-an-api.md", "django.md", "keep-a-session.md"])
def test_what_is_a_part_of_a_program_runs_as_it_is_written(page: str, server: Server, tmp_path: Path) -> None:
    write_files(HOW_TO / page, folder_beside(server, tmp_path))
    (tmp_path / "snippets.py").write_text(
        f"{DJANGO}\n{snippets(HOW_TO / page)}".replace("localhost:8000", f"localhost:{server.port}"), encoding="utf-8"
    )

    ended = subprocess.run(
        [sys.executable, "snippets.py"],
        cwd=tmp_path,
        env={**os.environ, "API": "https://notes.example/api", "ISSUER": server.base_url},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")


def test_all_python_of_the_pages_can_be_read() -> None:
    pages = [ROOT / "README.md", *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "reference")]
    programs = {page: [block.body for block in blocks(page) if block.kind == "python"] for page in pages}

    for page, bodies in programs.items():
        for body in bodies:
            compile(body, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    assert sum(map(len, programs.values())) > 20


def test_the_commands_of_the_page_about_measuring_measure(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    start_server(data_dir=tmp_path / "evergrant-data")

    run(HOW_TO / "measure.md", tmp_path, {})

    table = (tmp_path / "figures.txt").read_text()
    assert [name for name in ("client-credentials", "code", "p99 ms") if name not in table] == []


def test_the_settings_of_the_production_page_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = HOW_TO / "production.md"
    written = next(block.body for block in blocks(page) if block.kind == "toml")
    (tmp_path / "evergrant.toml").write_text(written, encoding="utf-8")
    run(page, tmp_path, {})
    for name in [name for name in os.environ if name.startswith("EVERGRANT_")]:
        monkeypatch.delenv(name)

    settings = load_settings(tmp_path)

    assert (settings.development, settings.issuer, settings.listen.workers) == (False, "https://login.example.com", 4)
    assert (tmp_path / "master.key").stat().st_mode & 0o077 == 0


def test_production_says_everything_that_is_missing_as_the_page_shows(tmp_path: Path) -> None:
    shown = next(
        block.body
        for block in blocks(HOW_TO / "production.md")
        if "EVERGRANT_ENV=production evergrant serve" in block.body
    )

    ended = evergrant("serve", data_dir=tmp_path / "data", settings={"EVERGRANT_ENV": "production"})

    assert ended.returncode == 78
    assert fits(ended.stderr, shown.partition("\n")[2])
