"""The tutorial's commands, executed as they are written."""

import sys
from pathlib import Path

from tests.architecture.repository import ROOT
from tests.docs.session import fits, run
from tests.support.ports import free_port
from tests.support.server import StartServer

TUTORIAL = ROOT / "docs" / "tutorial" / "first-loop.md"


def test_the_commands_of_the_tutorial_print_what_it_says(start_server: StartServer, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    server = start_server(data_dir=tmp_path / "evergrant-data")

    steps = run(TUTORIAL, tmp_path, {"PORT": str(server.port), "API_PORT": str(free_port())})

    assert [step for step in steps if step.told is not None and not fits(step.printed, step.told)] == []
    assert sum(step.told is not None for step in steps) >= 8
