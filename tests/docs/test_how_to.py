"""The examples of the how-to pages, executed as they are written."""

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
from tests.docs.session import blocks, fits, run
from tests.support.ports import free_port
from tests.support.server import Demo, StartServer, evergrant
from tests.support.waiting import until

HOW_TO = ROOT / "docs" / "how-to"


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


@pytest.mark.parametrize("page", ["protect-an-api.md", "migrate.md"])
def test_the_commands_of_the_page_print_what_it_says(page: str, start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    server = start_server(data_dir=tmp_path / "evergrant-data")

    steps = run(HOW_TO / page, tmp_path, {"PORT": str(server.port)})

    assert any(step.told for step in steps)
    assert [step for step in steps if step.told is not None and not fits(step.printed, step.told)] == []


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
