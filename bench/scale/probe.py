"""One client that refreshes all the time and remembers when each answer came: what others feel meanwhile."""

import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx2

PAUSE_S = 0.003


@dataclass(frozen=True, slots=True)
class Answer:
    """`at`: when it was asked for, in seconds; `took`: milliseconds."""

    at: float
    took: float
    status: int


class Probe(threading.Thread):
    """One chain of refreshes. After a 503 it shows the same token again, as a client would."""

    def __init__(self, url: str, line: str) -> None:
        super().__init__(daemon=True)
        token, _, form = line.partition(" ")
        self._url = url
        self._form = dict(parse_qsl(form)) | {"grant_type": "refresh_token", "refresh_token": token}
        self._ended = threading.Event()
        self.answers: list[Answer] = []

    def run(self) -> None:
        with httpx2.Client(timeout=120) as client:
            while not self._ended.wait(PAUSE_S):
                since = time.monotonic()
                answer = client.post(f"{self._url}/token", data=self._form)
                self.answers.append(Answer(since, (time.monotonic() - since) * 1000, answer.status_code))
                if answer.status_code == 200:
                    self._form["refresh_token"] = answer.json()["refresh_token"]

    def end(self) -> None:
        self._ended.set()
        self.join()

    def felt(self, since: float, until: float) -> dict[str, Any]:
        """What those felt who asked in that time, or waited in it."""
        found = [it for it in self.answers if it.at < until and it.at + it.took / 1000 > since]
        took = sorted(it.took for it in found) or [0.0]
        return {
            "answers": len(found),
            "p50_ms": round(took[len(took) // 2], 1),
            "p99_ms": round(took[len(took) * 99 // 100], 1),
            "max_ms": round(took[-1], 1),
            "unavailable": sum(it.status == 503 for it in found),
            "refused": sum(it.status not in (200, 503) for it in found),
        }
