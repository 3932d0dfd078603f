"""Markdown and docstrings: small pieces that every page is made of."""

import inspect
import re
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `make docs` from the code. Change the code, not this page. -->"

# Numbers of our own lists of requirements: they name tests, and say nothing to a reader of these pages.
_IDS = re.compile(r"(?:\s*\((?:[SRQ]-\d+(?:,\s*)?)+\)|,\s*[SRQ]-\d+|\s*[SRQ]-\d+,?)")


def page(title: str, *parts: str) -> str:
    """A whole page: title, the note that it is generated, and its parts, with one empty line between them."""
    return "\n\n".join([f"# {title}", GENERATED, *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Line breaks and bars in cells are made harmless."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """As code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def sentence(text: str | None) -> str:
    """A docstring as one paragraph, without our own list numbers."""
    plain = " ".join((text or "").split())
    return re.sub(r"\s+([.,;])", r"\1", _IDS.sub("", plain)).strip()


def doc(thing: object) -> str:
    """The docstring of a module, class or function as one paragraph."""
    return sentence(inspect.getdoc(thing))
