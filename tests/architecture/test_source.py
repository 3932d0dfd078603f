"""House rules that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.repository import ROOT, python_files, text_of

MOST_LINES = 400
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}

# What follows the rule or the error code must be a reason, not nothing.
SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b(?P<rest>.*)$", re.MULTILINE)
EXPLAINED = re.compile(r"(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|\[[\w, -]+\])[\s#:–-]+\w.{7,}")


def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def test_no_file_is_longer_than_400_lines() -> None:
    lengths = {str(path): len((text_of(path) or "").splitlines()) for path in python_files()}

    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_file_is_named_after_nothing() -> None:
    parts = {str(path): {*path.parts[:-1], path.stem} for path in python_files()}

    assert [name for name, words in parts.items() if words & NAMES_THAT_SAY_NOTHING] == []


def test_every_silenced_complaint_says_why_on_its_line() -> None:
    bare = [
        f"{path}: {found.group().strip()}"
        for path in python_files("src", "tests", "tools", "bench", "examples")
        for found in SILENCED.finditer(text_of(path) or "")
        if path.name != Path(__file__).name and not EXPLAINED.match(found["rest"])
    ]

    assert bare == []


def undocumented(path: Path) -> Iterator[str]:
    module = tree_of(path)
    if not ast.get_docstring(module):
        yield f"{path}: the module"
    for node in module.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{path}:{node.lineno}: {node.name}"


def test_everything_public_has_a_docstring() -> None:
    assert [problem for path in python_files("src") for problem in undocumented(path)] == []
