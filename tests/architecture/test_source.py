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


def words_of_the_ports() -> frozenset[str]:
    """Verbs and questions: their promises stand at the port, once; the stores that keep them do not repeat them."""
    ports = [Path("src/evergrant/core/ports") / name for name in ("ledger.py", "reader.py")]
    classes = [node for path in ports for node in tree_of(path).body if isinstance(node, ast.ClassDef)]
    return frozenset(f.name for c in classes for f in c.body if isinstance(f, ast.AsyncFunctionDef))


def undocumented(path: Path, at_the_port: frozenset[str]) -> Iterator[str]:
    module = tree_of(path)
    known = at_the_port if path.is_relative_to("src/evergrant/store") else frozenset()
    if not ast.get_docstring(module):
        yield f"{path}: the module"
    for node in module.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("_") and node.name not in known and not ast.get_docstring(node):
            yield f"{path}:{node.lineno}: {node.name}"


def test_everything_public_has_a_docstring() -> None:
    at_the_port = words_of_the_ports()

    assert [problem for path in python_files("src") for problem in undocumented(path, at_the_port)] == []
