"""A log that cannot be written is no reason to fail."""

import os
import resource
from pathlib import Path

import pytest

from evergrant.server.log import open_log


def test_a_log_whose_reader_has_gone_fails_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w")
    log = open_log("json", "info", lambda: 0, stream)

    for _ in range(1_000):
        log.info("said", text="something")

    with pytest.raises(BrokenPipeError):
        stream.close()  # it was really torn


def test_a_log_on_a_full_disk_fails_nobody_and_goes_on_with_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with (tmp_path / "log").open("a") as stream:
        log = open_log("json", "info", lambda: 0, stream)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
        try:
            for _ in range(1_000):
                log.info("said")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        log.info("again")

    assert '"again"' in (tmp_path / "log").read_text().splitlines()[-1]
