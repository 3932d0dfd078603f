"""The files of this repository, as git knows them, so that a stray local file fails nobody's tests."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is there, relative to ROOT."""
    # A checkout may belong to another user than the one who runs the tests; git would refuse to list it.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if (ROOT / path).is_file())


def python_files(*folders: str) -> list[Path]:
    """Tracked Python files below any of `folders` (all of them if none is named)."""
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and (not folders or path.parts[0] in folders) and "migrations" not in path.parts
    ]


def text_of(path: Path) -> str | None:
    """The text of a tracked file; None if it is no text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
