"""The README's commands, executed as they are written."""

import re
import sys
from pathlib import Path

from tests.architecture.repository import ROOT
from tests.docs.session import Step, blocks, fits, run
from tests.support.ports import free_port
from tests.support.server import StartServer

README = ROOT / "README.md"


def as_written(start_server: StartServer, page: Path, folder: Path) -> list[Step]:
    """Run the page's commands in `folder`, where a server has its data and `.venv` is the one of these tests."""
    (folder / ".venv").symlink_to(sys.prefix)
    server = start_server(data_dir=folder / "evergrant-data")
    return run(page, folder, {"PORT": str(server.port), "TLS_PORT": str(free_port())})


def test_the_commands_of_the_readme_print_what_it_says(start_server: StartServer, tmp_path: Path) -> None:
    steps = as_written(start_server, README, tmp_path)

    wrong = [step for step in steps if step.told is not None and not fits(step.printed, step.told)]

    assert wrong == []
    assert sum(step.told is not None for step in steps) >= 5


def test_make_serve_is_the_command_these_tests_start() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    recipe = re.search(r"^serve:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)

    assert recipe is not None
    assert recipe[1].strip() == "@exec $(VENV)/bin/evergrant serve --port $(PORT)"


def test_the_first_start_says_what_the_readme_shows(start_server: StartServer, tmp_path: Path) -> None:
    shown = next(block.body for block in blocks(README) if block.body.startswith("$ make serve\n"))
    server = start_server(data_dir=tmp_path / "evergrant-data")

    banner = server.log().partition("\n\n")[0]

    assert fits(banner.replace(f"localhost:{server.port}", "localhost:8000"), shown.partition("\n")[2])


def test_every_link_of_the_documents_leads_somewhere() -> None:
    pages = [README, *(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md"))]
    links = re.compile(r"\]\((?P<to>[^)#\s]+)(?:#[^)]*)?\)|src=\"(?P<image>[^\"]+)\"")

    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for found in links.finditer(page.read_text(encoding="utf-8"))
        if "://" not in (target := found["to"] or found["image"]) and not (page.parent / target).exists()
    ]

    assert dead == []


def test_one_url_moves_it_to_postgresql(start_server: StartServer, postgres_url: str) -> None:
    assert "EVERGRANT_DATABASE__URL=postgresql://" in README.read_text(encoding="utf-8")

    server = start_server(settings={"EVERGRANT_DATABASE__URL": postgres_url})

    assert "(PostgreSQL, schema at head)" in server.log()
    assert not (server.data_dir / "evergrant.db").exists()
