"""The commands of a page, as they are written, in one shell; and what the page says they print.

A block of `sh` is run. A block of `json` or `text` right after it is what it prints, where `…` stands for anything.
A block of `python` whose first line is `# name.py` is that file, and lies in the folder from the start.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ENDS_WITHIN = 180  # seconds
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# (?P<name>\w+\.py)\n")
_BETWEEN = "\x1e"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `follows`: nothing but white space stands between it and the block before."""

    kind: str
    body: str
    follows: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Commands, what they printed, and what the page says they print (None: it says nothing)."""

    commands: str
    printed: str
    told: str | None


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for fence in _FENCE.finditer(text):
        found.append(Block(fence["kind"], fence["body"], not text[end : fence.start()].strip()))
        end = fence.end()
    return found


def write_files(page: Path, folder: Path) -> list[Path]:
    """Put the programs of the page into `folder`; those that are only a part of one are left out."""
    written = []
    for block in blocks(page):
        named = _NAMED.match(block.body) if block.kind == "python" else None
        if named is not None:
            written.append(folder / named["name"])
            written[-1].write_text(block.body, encoding="utf-8")
    return written


def snippets(page: Path) -> str:
    """What else there is of Python on the page, in order, as one program."""
    return "\n".join(b.body for b in blocks(page) if b.kind == "python" and not _NAMED.match(b.body))


def run(page: Path, folder: Path, settings: Mapping[str, str]) -> list[Step]:
    """Run all commands of the page in `folder`. Raises AssertionError with everything said if one of them fails."""
    listed = blocks(page)
    write_files(page, folder)
    steps = [index for index, block in enumerate(listed) if block.kind == "sh"]
    script = "".join(f"{listed[index].body}\nprintf '\\036'\n" for index in steps)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EVERGRANT_")}
    exit_code, out, err = _bash(script, folder, {**inherited, **settings})
    assert exit_code == 0, f"{page.name}: exit code {exit_code}\n{out}\n{err}"
    printed = out.split(_BETWEEN)
    return [
        Step(listed[index].body, said, _told(listed[index + 1 : index + 2]))
        for index, said in zip(steps, printed, strict=False)
    ]


def _bash(script: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit code, output, errors. They go to files: what was left running in the background would keep a pipe open."""
    with (folder / "stdout").open("w+") as out, (folder / "stderr").open("w+") as err:
        shell = subprocess.Popen(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            exit_code = shell.wait(ENDS_WITHIN)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
        return exit_code, Path(out.name).read_text(encoding="utf-8"), Path(err.name).read_text(encoding="utf-8")


def _told(after: list[Block]) -> str | None:
    if after and after[0].follows and after[0].kind in ("json", "text"):
        return after[0].body
    return None


def fits(printed: str, told: str) -> bool:
    """Whether that is what the page says. JSON answers come without a line break at their end."""
    pattern = ".*?".join(re.escape(_joined(part)) for part in told.strip().split("…"))
    return re.fullmatch(pattern, _joined(printed.strip()), re.DOTALL) is not None


def _joined(text: str) -> str:
    return re.sub(r"\}\s*\{", "}{", text)
