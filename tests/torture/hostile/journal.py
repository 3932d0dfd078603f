"""What the server wrote of the attack: one line for each answer, no secret, nothing of the attacker's own."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.torture.hostile.values import MARK

_TRACES: Final = ("Traceback", '"event":"bug"', '"event": "bug"', "Exception in ASGI")


class Journal:
    """Reads a log while it is written, from where it stopped the last time."""

    def __init__(self, path: Path, secrets: Sequence[str]) -> None:
        self._path = path
        self._secrets = tuple(secrets)
        self._at = path.stat().st_size

    def keep_secret(self, more: Sequence[str]) -> None:
        """These must not be in the log either."""
        self._secrets += tuple(more)

    def complaints(self, answered: Counter[str]) -> Iterator[str]:
        """What is wrong with the lines since the last call. `answered`: the correlation ids that came in answers."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._at += len(whole)
        text = whole.decode("utf-8", "replace")
        yield from (f"the log has {trace}: {text[text.index(trace) :][-3_000:]}" for trace in _TRACES if trace in text)
        yield from ("the log has a secret" for secret in self._secrets if secret in text)
        if MARK.decode() in text:
            yield f"the log has the attacker's text: {_line_with(text, MARK.decode())}"
        told: Counter[str] = Counter()
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                yield f"not a line of JSON: {line[:200]}"
                continue
            if entry.get("event") == "request":
                told[entry["correlation_id"]] += 1
        yield from (f"{told[name]} lines for the answer {name}" for name in answered if told[name] != 1)


def _line_with(text: str, part: str) -> str:
    return next(line for line in text.splitlines() if part in line)[:300]
