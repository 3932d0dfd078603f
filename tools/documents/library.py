"""A library's public names: what each module offers, how it is called, and what it says of itself."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise
from types import ModuleType
from typing import Any

from documents.words import page


def library_page(
    name: str,
    title: str,
    lead: str,
    modules: Sequence[ModuleType],
    *,
    first: Sequence[str] = (),
    given: Sequence[str] = (),
) -> tuple[str, str]:
    """The page and its name. A module's public names are its `__all__`, or what it defines without an underscore.

    `first` are those that a newcomer needs first; the others stay in their order, errors at the end.
    `given` are classes that nobody makes himself: what others give is said there.
    """
    return name, page(title, lead, *(part for module in modules for part in _module(module, first, given)))


def _module(module: ModuleType, first: Sequence[str], given: Sequence[str]) -> Iterator[str]:
    yield f"## {module.__name__}"
    yield _text(module)
    constants = _constants(module)
    listed = getattr(module, "__all__", None)
    names = list(listed) if listed is not None else _defined_in(module)
    for name in sorted(names, key=lambda name: _rank(name, module, first)):
        thing = getattr(module, name)
        if name in constants:
            yield f"### {name}"
            yield _plain(constants[name])
        elif inspect.isclass(thing):
            yield from _class(name, thing, name not in given)
        elif callable(thing):
            yield f"### {name}\n\n```python\n{name}{_signature(thing)}\n```"
            yield _text(thing)


def _rank(name: str, module: ModuleType, first: Sequence[str]) -> tuple[int, int]:
    if name in first:
        return 0, first.index(name)
    thing = getattr(module, name)
    return (2 if inspect.isclass(thing) and issubclass(thing, Exception) else 1), 0


def _defined_in(module: ModuleType) -> list[str]:
    constants = _documented(ast.parse(inspect.getsource(module)).body)
    members: dict[str, Any] = vars(module)
    return [
        name
        for name, thing in members.items()
        if not name.startswith("_")
        and (name in constants or ((inspect.isclass(thing) or inspect.isfunction(thing)) and _is_of(thing, module)))
    ]


def _is_of(thing: object, module: ModuleType) -> bool:
    return getattr(thing, "__module__", None) == module.__name__


def _constants(module: ModuleType) -> dict[str, str]:
    """Each constant with the text that follows it, also of those that the module only hands on."""
    tree = ast.parse(inspect.getsource(module))
    found = _documented(tree.body)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith("evergrant."):
            theirs = _documented(ast.parse(inspect.getsource(sys.modules[node.module])).body)
            found |= {alias.name: theirs[alias.name] for alias in node.names if alias.name in theirs}
    return found


def _documented(body: Sequence[ast.stmt]) -> dict[str, str]:
    """Names that are assigned to, with the text that stands after the assignment."""
    found = {}
    for node, after in pairwise(body):
        match node, after:
            case (
                (ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name))),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found


def _class(name: str, kind: type, with_constructor: bool) -> Iterator[str]:
    if issubclass(kind, Enum):
        yield from _enum(name, kind)
        return
    constructor = _signature(kind) if with_constructor and not getattr(kind, "_is_protocol", False) else ""
    yield f"### {name}\n\n```python\nclass {name}{constructor}\n```"
    yield _text(kind)
    for word, member in vars(kind).items():
        called = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        # What a suite of tests has in it is run, not called.
        if word.startswith(("_", "test_")) or not inspect.isfunction(called):
            continue
        told_of = inspect.getdoc(called)
        if told_of and not told_of.startswith("See "):
            begin = "async " if inspect.iscoroutinefunction(called) else ""
            yield f"`{begin}{name}.{word}{_signature(called)}`\n\n{_plain(told_of)}"


def _enum(name: str, kind: type[Enum]) -> Iterator[str]:
    yield f"### {name}"
    yield _text(kind)
    told = _documented(ast.parse(inspect.getsource(kind)).body[0].body)  # type: ignore[attr-defined]  # the class
    yield "\n".join(f"- `{name}.{member.name}`{_after_a_colon(told.get(member.name))}" for member in kind)


def _after_a_colon(text: str | None) -> str:
    return "" if text is None else ": " + " ".join(text.split())


def _signature(thing: object) -> str:
    if inspect.isclass(thing) and issubclass(thing, Exception) and "__init__" not in vars(thing):
        return ""
    try:
        found = inspect.signature(thing)  # type: ignore[arg-type]  # every caller hands in a function or class
    except (TypeError, ValueError):
        return ""
    parameters = [p for p in found.parameters.values() if p.name not in ("self", "cls")]
    text = str(found.replace(parameters=[_readable(p) for p in parameters]))
    # `from __future__ import annotations` keeps annotations as they were written, in quotes.
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text.replace("<factory>", "…"))
    # Without it they are classes, which print with where they come from, and lose what was unpacked.
    text = re.sub(r"\*<class '([\w.]+)'>", r"Unpack[\1]", text)
    text = re.sub(r"\b(?:[a-z_]\w*\.){2,}(?=[A-Z]\w*)", "", text)
    return text.removesuffix(" -> None") if inspect.isclass(thing) else text


def _readable(parameter: inspect.Parameter) -> inspect.Parameter:
    """A default that is an object prints as where it lies in memory: its name says more, if it is somebody else's."""
    default = parameter.default
    if default is inspect.Parameter.empty or isinstance(default, str | int | float | bool | tuple | None):
        return parameter
    return parameter.replace(default=_Named(_name_of(default)))


def _name_of(default: object) -> str:
    module, name = getattr(default, "__module__", None), getattr(default, "__name__", None)
    if isinstance(default, Enum):
        return f"{type(default).__name__}.{default.name}"
    if module is None or name is None or module.startswith("evergrant"):
        return "…"
    return f"{'os' if module == 'posix' else module}.{name}"


class _Named:
    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


def _text(thing: object) -> str:
    return _plain(inspect.getdoc(thing) or "")


def _plain(text: str) -> str:
    """A docstring as Markdown: its indented examples become code, its paragraphs stay."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        if lines and all(line.startswith("    ") for line in lines if line):
            paragraphs.append("```python\n" + "\n".join(line[4:] for line in lines) + "\n```")
        else:
            paragraphs.append(paragraph)
    # An example with empty lines is one example.
    joined = "\n\n".join(paragraphs).replace("\n```\n\n```python\n", "\n\n")
    joined = re.sub(r"(?<=\()[SRQ]-\d+,\s*", "", joined)
    return re.sub(r"\s*\((?:[SRQ]-\d+(?:,\s*)?)+\)", "", joined)
