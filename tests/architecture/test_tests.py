"""Rules for the tests themselves: they wait for something, run always, and run against real parts."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.repository import ROOT, python_files

# Dotted names as they are written. `Event().wait` in tests/support/waiting.py is how to wait.
BANNED = {
    "time.sleep": "wait for something: tests/support/waiting.py",
    "asyncio.sleep": "wait for something",
    "anyio.sleep": "wait for something",
    "pytest.skip": "a test that does not run proves nothing",
    "pytest.xfail": "mend it or leave it out",
    "pytest.importorskip": "every dependency of the tests is installed",
    "pytest.mark.skip": "a test that does not run proves nothing",
    "pytest.mark.skipif": "a test that does not run proves nothing",
    "pytest.mark.xfail": "mend it or leave it out",
}
BANNED_MODULES = {"unittest", "unittest.mock", "mock"}


def dotted(node: ast.AST) -> str:
    """`a.b.c` for the attribute chain of that name, else the empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else ""
    return ""


def broken_rules(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every banned thing in `source`."""
    tree = ast.parse(source)
    # `asyncio.sleep(0)` takes no time: it lets another task have its turn.
    turns = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and [getattr(argument, "value", None) for argument in node.args] == [0]
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node) in BANNED and id(node) not in turns:
            yield node.lineno, dotted(node)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names if name.name in BANNED_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name.name}" for name in node.names]
            yield from ((node.lineno, name) for name in names if name in BANNED)
            if node.module in BANNED_MODULES:
                yield node.lineno, node.module


def test_no_test_sleeps_is_left_out_or_mocks() -> None:
    broken = [
        f"{path}:{line}: {name} ({BANNED.get(name, 'use the real part')})"
        for path in python_files("tests")
        for line, name in broken_rules((ROOT / path).read_text(encoding="utf-8"))
    ]

    assert broken == []


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep",
        "@pytest.mark.skipif(True, reason='')\ndef test(): ...",
        "from unittest.mock import Mock",
    ],
)
def test_the_rule_finds_what_it_bans(source: str) -> None:
    assert list(broken_rules(source)) != []


def test_every_test_folder_is_one_that_contributing_explains() -> None:
    known = {"unit", "model", "store_contract", "protocol", "client", "resource", "faults", "budgets", "e2e", "interop"}

    folders = {path.parts[1] for path in python_files("tests") if len(path.parts) > 2}

    assert folders <= known | {"docs", "architecture", "support", "torture"}
