"""docs/reference, and what is generated in docs/explanation, say what the code says."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.repository import ROOT


def test_every_generated_page_is_what_the_code_says() -> None:
    checked = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_command_that_writes_the_pages_is_make_docs() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert "$(RUN) tools/reference.py" in makefile


def test_every_reference_page_is_linked_from_the_index() -> None:
    folder = ROOT / "docs" / "reference"
    index = (folder / "README.md").read_text(encoding="utf-8")

    missing = [page.name for page in folder.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]

    assert missing == []
    assert Path(folder / "judging-table.md").exists()
