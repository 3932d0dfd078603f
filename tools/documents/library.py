"""A library's public names: what each module offers, how it is called, and what it says of itself."""

import inspect
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from types import ModuleType

from documents.words import page


def library_page(name: str, title: str, lead: str, modules: Sequence[ModuleType]) -> tuple[str, str]:
    """The page and its name. A module's public names are its `__all__`, or what it defines without an underscore."""
    return name, page(title, lead, *(part for module in modules for part in _module(module)))


def _module(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__}"
    yield _text(module)
    for name in _names(module):
        thing = getattr(module, name)
        if inspect.isclass(thing):
            yield from _class(name, thing)
        elif callable(thing):
            yield f"### {name}\n\n```python\n{name}{_signature(thing)}\n```"
            yield _text(thing)


def _names(module: ModuleType) -> list[str]:
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return list(listed)
    return [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", None) == module.__name__ and callable(thing)
    ]


def _class(name: str, kind: type) -> Iterator[str]:
    if issubclass(kind, Enum):
        members = "\n".join(f"- `{name}.{member.name}`" for member in kind)
        yield f"### {name}\n\n{members}"
        yield _text(kind)
        return
    constructor = "" if getattr(kind, "_is_protocol", False) else _signature(kind)
    yield f"### {name}\n\n```python\nclass {name}{constructor}\n```"
    yield _text(kind)
    for word, member in vars(kind).items():
        called = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if word.startswith("_") or not inspect.isfunction(called):
            continue
        told = inspect.getdoc(called)
        if told and not told.startswith("See "):
            begin = "async " if inspect.iscoroutinefunction(called) else ""
            yield f"`{begin}{name}.{word}{_signature(called)}`\n\n{_plain(told)}"


def _signature(thing: object) -> str:
    try:
        found = inspect.signature(thing)  # type: ignore[arg-type]  # every caller hands in a function or class
    except (TypeError, ValueError):
        return "(…)"
    parameters = [p for p in found.parameters.values() if p.name not in ("self", "cls")]
    text = str(found.replace(parameters=[_readable(p) for p in parameters]))
    # `from __future__ import annotations` keeps annotations as they were written, in quotes.
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text.replace("<factory>", "…"))
    return text.removesuffix(" -> None") if inspect.isclass(thing) else text


def _readable(parameter: inspect.Parameter) -> inspect.Parameter:
    """A default that is an object of ours prints as where it lies in memory: its name says more."""
    default = parameter.default
    if default is inspect.Parameter.empty or isinstance(default, str | int | float | bool | tuple | None):
        return parameter
    return parameter.replace(default=_Named(getattr(default, "__name__", "…")))


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
    return re.sub(r"\s*\((?:[SRQ]-\d+(?:,\s*)?)+\)", "", joined)
