"""Imports point down. The contracts are in pyproject.toml, drawn in docs/explanation and CONTRIBUTING."""

import subprocess
import sys

from tests.architecture.repository import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_every_import_points_down_and_only_the_engine_holds_what_writes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
